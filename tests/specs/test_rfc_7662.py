"""RFC 7662, token introspection, sentence by sentence."""

from tests.specs.house import (
    ALICE,
    BASE,
    DAEMON,
    PUBLIC,
    TENANT,
    TOKEN,
    Answer,
    House,
)

INTROSPECT = f"/{TENANT}/oauth2/v2.0/introspect"
API = {"client_id": DAEMON, "client_secret": "d4emon-secret"}
INACTIVE = {"active": False}


async def ask(house: House, token: str, **changes: str) -> Answer:
    """Ask about a token as an API of the tenant, unless changed."""
    return await house.post(INTROSPECT, {**API, "token": token, **changes})


async def test_the_token_is_required(house: House) -> None:
    """“token REQUIRED” (§2.1)."""
    answer = await house.post(INTROSPECT, API)

    assert answer.told == (400, "invalid_request", 900144)
    assert "'token'" in answer.json["error_description"]


async def test_a_hint_does_not_narrow_the_search(house: House) -> None:
    """“MUST extend its search across all of its supported token types” (§2.1)."""
    granted = (await house.sign_in()).json
    for kind in ("access_token", "refresh_token"):
        for hint in ("access_token", "refresh_token", "other"):
            answer = await ask(house, granted[kind], token_type_hint=hint)
            assert answer.json["active"] is True


async def test_the_endpoint_requires_authorization(house: House) -> None:
    """“MUST also require some form of authorization to access this endpoint” (§2.1).

    A public client has none to show, so it is told nothing either.
    """
    token = (await house.sign_in()).json["access_token"]
    public = await house.post(INTROSPECT, {"client_id": PUBLIC, "token": token})
    without = await house.post(INTROSPECT, {"client_id": DAEMON, "token": token})
    wrong = await ask(house, token, client_secret="wrong")

    assert public.json["error"] == without.json["error"] == "invalid_client"
    assert without.told == (401, "invalid_client", 7000218)
    assert wrong.told == (401, "invalid_client", 7000215)


async def test_a_good_access_token_is_active_and_described(house: House) -> None:
    """“active REQUIRED”, and the members of §2.2 that are known."""
    granted = (await house.sign_in()).json
    told = (await ask(house, granted["access_token"])).json
    claims = await house.claims(granted["access_token"])

    assert told["active"] is True
    assert told["client_id"] == PUBLIC
    assert told["username"] == "alice@contoso.test"
    assert told["token_type"] == "Bearer"
    assert set(told["scope"].split()) == {"User.Read", "profile", "openid", "email"}
    assert told["exp"] == house.clock.now() + 3600
    assert told["iss"] == f"{BASE}/{TENANT}/"
    assert told["jti"] == claims["uti"]
    for name in ("aud", "sub", "nbf"):
        assert told[name] == claims[name]
    assert told["oid"] == ALICE


async def test_a_token_of_an_application_has_no_user(house: House) -> None:
    """“username … of the resource owner who authorized this token”: nobody did."""
    form = {**API, "grant_type": "client_credentials", "scope": "api://tasks/.default"}
    token = (await house.post(TOKEN, form)).json["access_token"]
    told = (await ask(house, token)).json

    assert told["active"] is True
    assert told["client_id"] == DAEMON
    assert told["roles"] == ["Tasks.Read.All"]
    assert "username" not in told


async def test_unknown_tokens_are_only_inactive(house: House) -> None:
    """“SHOULD NOT include any additional information” about them (§2.2)."""
    granted = (await house.sign_in()).json
    forged = granted["access_token"][:-6] + "AAAAAA"
    header, payload, _ = granted["access_token"].split(".")
    for token in ("unknown", "a.b.c", forged, f"{header}.{payload}."):
        answer = await ask(house, token)
        assert (answer.status, answer.json) == (200, INACTIVE)


async def test_an_id_token_is_no_token_to_introspect(house: House) -> None:
    """It is signed by the same key and still no access token (§2.2)."""
    token = (await house.sign_in()).json["id_token"]

    assert (await ask(house, token)).json == INACTIVE


async def test_expired_tokens_are_inactive(house: House) -> None:
    """“determine whether or not the token has expired” (§4)."""
    granted = (await house.sign_in()).json
    house.clock.forward(3601)
    access = await ask(house, granted["access_token"])
    refresh = await ask(house, granted["refresh_token"])
    house.clock.forward(90 * 86400)

    assert access.json == INACTIVE
    assert refresh.json["active"] is True
    assert (await ask(house, granted["refresh_token"])).json == INACTIVE


async def test_used_refresh_tokens_are_inactive(house: House) -> None:
    """“determine whether or not the token has been revoked” (§4)."""
    first = (await house.sign_in()).json["refresh_token"]
    second = (await house.refresh(first)).json["refresh_token"]
    await house.refresh(second)

    assert (await ask(house, first)).json == INACTIVE


async def test_tokens_of_a_disabled_user_are_inactive(house: House) -> None:
    """“determine whether the token is still good”, at once (§4)."""
    granted = (await house.sign_in()).json
    await house.change_user("alice@contoso.test", enabled=False)

    for kind in ("access_token", "refresh_token"):
        assert (await ask(house, granted[kind])).json == INACTIVE


async def test_tokens_of_another_tenant_are_inactive(house: House) -> None:
    """“the protected resource is not allowed to introspect this token” (§2.2)."""
    granted = (
        await house.sign_in(
            "/december.test/oauth2/v2.0/token", username="anna@december.test"
        )
    ).json

    for kind in ("access_token", "refresh_token"):
        assert (await ask(house, granted[kind])).json == INACTIVE
