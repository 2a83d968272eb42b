"""Whose guesses are counted together, where a provider alone knows whom a name means.

Claims and profiles are tried with the providers that make them.
"""

import pytest

from ostiary.connections.openid_profile import anybody

ALICE = "alice@corp.test"


@pytest.mark.parametrize(
    "typed",
    [
        ALICE,
        "Alice@CORP.test",
        " alice@corp.test",
        "alice@corp.test\t ",
        "alice@corp.test\u00a0",
        "al\u200bice@corp.test",
        "al\u00adice@corp.test",
        "a\u034flice@corp.test",
        "\u00e1lice@corp.test",
        "a\u0301lice@corp.test",
        "\uff41lice@corp.test",
        "alice\uff20corp.test",
    ],
)
def test_every_spelling_that_may_be_forgiven_counts_as_one(typed: str) -> None:
    """Case, blanks, what is not seen, accents and wide letters (security promise 3)."""
    assert anybody(typed).key == ALICE
    assert anybody(typed).external_id is None


def test_other_names_are_others() -> None:
    """Nobody is locked for a neighbour."""
    names = [ALICE, "alice@corp2.test", "CORP\\alice", "alice", "alice.b@corp.test"]
    assert len({anybody(name).key for name in names}) == len(names)
    assert anybody("\ud800").key == ""
