"""RFC 7009, token revocation, sentence by sentence.

Whether a token lives is asked of introspection, as a resource server would.
"""

from tests.specs.house import (
    CONFIDENTIAL,
    DAEMON,
    PUBLIC,
    SECOND,
    SECRET,
    TENANT,
    Answer,
    House,
)

REVOKE = f"/{TENANT}/oauth2/v2.0/revoke"
INTROSPECT = f"/{TENANT}/oauth2/v2.0/introspect"


async def revoke(house: House, token: str, **changes: str) -> Answer:
    """Revoke as the public client, unless changed."""
    return await house.post(REVOKE, {"client_id": PUBLIC, "token": token, **changes})


async def lives(house: House, token: str) -> bool:
    """What introspection says to an API of the tenant."""
    form = {"client_id": DAEMON, "client_secret": "d4emon-secret", "token": token}
    active: bool = (await house.post(INTROSPECT, form)).json["active"]
    return active


async def test_refresh_tokens_can_be_revoked(house: House) -> None:
    """“MUST support the revocation of refresh tokens” (§2); “takes place immediately”.

    “the token cannot be used again after the revocation” (§2.1).
    """
    token = (await house.sign_in()).json["refresh_token"]
    assert await lives(house, token)
    answer = await revoke(house, token)

    assert answer.status == 200
    assert not await lives(house, token)
    assert (await house.refresh(token)).told == (400, "invalid_grant", 50173)


async def test_access_tokens_can_be_revoked(house: House) -> None:
    """“SHOULD support the revocation of access tokens” (§2); the session goes on."""
    granted = (await house.sign_in()).json
    answer = await revoke(house, granted["access_token"])

    assert answer.status == 200
    assert not await lives(house, granted["access_token"])
    assert await lives(house, granted["refresh_token"])


async def test_a_refresh_token_takes_the_access_tokens_of_its_grant_with_it(
    house: House,
) -> None:
    """“SHOULD also invalidate all access tokens based on the same grant” (§2.1)."""
    first = (await house.sign_in()).json
    second = (await house.refresh(first["refresh_token"])).json
    await revoke(house, second["refresh_token"])

    for granted in (first, second):
        assert not await lives(house, granted["access_token"])


async def test_revocation_is_a_post(house: House) -> None:
    """“by making an HTTP POST request” (§2.1)."""
    token = (await house.sign_in()).json["refresh_token"]
    answer = await house.get(f"{REVOKE}?client_id={PUBLIC}")

    assert answer.told == (400, "invalid_request", 900561)
    assert await lives(house, token)


async def test_the_token_is_required(house: House) -> None:
    """“token REQUIRED” (§2.1)."""
    answer = await house.post(REVOKE, {"client_id": PUBLIC})

    assert answer.told == (400, "invalid_request", 900144)
    assert "'token'" in answer.json["error_description"]


async def test_a_hint_is_only_a_hint(house: House) -> None:
    """“MUST extend its search across all of its supported token types” (§2.1)."""
    for hint in ("access_token", "refresh_token", "unheard-of"):
        for kind in ("access_token", "refresh_token"):
            token = (await house.sign_in()).json[kind]
            await revoke(house, token, token_type_hint=hint)
            assert not await lives(house, token)


async def test_the_client_is_authenticated_first(house: House) -> None:
    """“first validates the client credentials (in case of a confidential client)”."""
    who = {"client_id": CONFIDENTIAL, "client_secret": SECRET}
    token = (await house.sign_in(**who)).json["refresh_token"]
    without = await revoke(house, token, client_id=CONFIDENTIAL)
    wrong = await revoke(house, token, client_id=CONFIDENTIAL, client_secret="no")

    assert without.told == (401, "invalid_client", 7000218)
    assert wrong.told == (401, "invalid_client", 7000215)
    assert await lives(house, token)
    await revoke(house, token, **who)
    assert not await lives(house, token)


async def test_a_token_of_another_client_stays_alive(house: House) -> None:
    """“verifies whether the token was issued to the client” (§2.1)."""
    granted = (await house.sign_in()).json
    for kind in ("refresh_token", "access_token"):
        await revoke(house, granted[kind], client_id=SECOND)
        assert await lives(house, granted[kind])


async def test_a_token_of_another_tenant_stays_alive(house: House) -> None:
    """The same client at another tenant is not whom the token was issued to (§2.1)."""
    token = (await house.sign_in()).json["refresh_token"]
    form = {"client_id": PUBLIC, "token": token}
    await house.post("/december.test/oauth2/v2.0/revoke", form)

    assert await lives(house, token)


async def test_an_unknown_token_is_answered_like_a_revoked_one(house: House) -> None:
    """“invalid tokens do not cause an error response” (§2.2)."""
    known = await revoke(house, (await house.sign_in()).json["refresh_token"])
    unknown = await revoke(house, "no-such-token")
    garbled = await revoke(house, "a.b.c")

    for answer in (known, unknown, garbled):
        assert (answer.status, answer.body) == (200, b"")


async def test_errors_are_those_of_the_token_endpoint(house: House) -> None:
    """“the error presentation conforms to RFC 6749 §5.2” (§2.2.1)."""
    answer = await revoke(house, "x", client_id="6731de76-ffff-4fff-8fff-ffffffffffff")

    assert answer.told == (400, "unauthorized_client", 700016)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
