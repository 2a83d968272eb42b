"""Which key signs a client's id_token: the tenant's, or a secret of its own.

Contract auth0 §1.4 and §3.3; the signatures themselves are tried in tests/keys.
"""

from collections.abc import Mapping

import pytest

from ostiary.core.model import Client, ClientSecret
from ostiary.dialects.auth0.wire import shared_key

NOW = 1_800_000_000.0
HS256 = {"algorithm": "HS256"}
FIRST = ClientSecret("1", None, "sealed 1")
SECOND = ClientSecret("2", None, "sealed 2")


def client(
    *secrets: ClientSecret, id_token: object = HS256, public: bool = False
) -> Client:
    """A client that is registered so."""
    options = {"id_token": id_token}
    return Client("t", "c", public=public, secrets=secrets, options=options)


@pytest.mark.parametrize(
    "other",
    [
        client(FIRST, id_token={"algorithm": "RS256"}),
        client(FIRST, id_token={}),
        client(FIRST, id_token=None),
        client(FIRST, public=True),
        client(),
        client(ClientSecret("1")),
        client(ClientSecret("1", NOW, "sealed")),
    ],
    ids=["RS256", "silent", "null", "public", "none", "not sealed", "expired"],
)
def test_the_tenants_key_signs(other: Client) -> None:
    """RS256 by default, and always for public clients, which keep no secret."""
    assert shared_key(other, NOW) is None


@pytest.mark.parametrize(
    ("id_token", "encoded"),
    [(HS256, False), ({**HS256, "secret_encoded": True}, True)],
)
def test_the_first_living_secret_signs(
    id_token: Mapping[str, object], encoded: bool
) -> None:
    """Until it expires; then the next one."""
    both = client(FIRST, SECOND, id_token=id_token)
    later = client(ClientSecret("1", NOW, "sealed 1"), SECOND, id_token=id_token)
    keys = [shared_key(both, NOW), shared_key(later, NOW)]
    assert [key.sealed if key else "" for key in keys] == ["sealed 1", "sealed 2"]
    assert {key.encoded for key in keys if key} == {encoded}
    assert {key.context for key in keys if key} == {"client:t:c"}
