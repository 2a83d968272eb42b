"""core.connections: which connection may be used by whom."""

import pytest

from ostiary.core.connections import check_connection
from ostiary.core.errors import Reason
from ostiary.core.model import ConnectionSettings
from tests.core.things import client, refusal

DIRECTORY = ConnectionSettings("db", "strategy")
OFF = ConnectionSettings("db", "strategy", enabled=False)


@pytest.mark.parametrize(
    ("settings", "open_to", "reason"),
    [
        (DIRECTORY, None, None),
        (DIRECTORY, frozenset({"db", "sms"}), None),
        (None, None, Reason.CONNECTION_UNKNOWN),
        (None, frozenset({"db"}), Reason.CONNECTION_UNKNOWN),
        (OFF, None, Reason.CONNECTION_DISABLED),
        (DIRECTORY, frozenset({"sms"}), Reason.CONNECTION_DISABLED),
        (DIRECTORY, frozenset(), Reason.CONNECTION_DISABLED),
    ],
)
def test_a_connection_is_there_and_on_and_open_to_the_client(
    settings: ConnectionSettings | None,
    open_to: frozenset[str] | None,
    reason: Reason | None,
) -> None:
    """No list of connections means all of them, an empty one means none (RO-02)."""
    asking = client(connections=open_to)

    assert refusal(lambda: check_connection(settings, "db", asking)) is reason


def test_the_settings_come_back() -> None:
    """What was checked is what is used."""
    assert check_connection(DIRECTORY, "db", client()) is DIRECTORY
