"""RFC 6749 §6, refreshing an access token, sentence by sentence.

The tenants rotate refresh tokens, which is the default (RFC 9700 §4.14.2).
"""

import asyncio

from tests.specs.house import (
    CONFIDENTIAL,
    PUBLIC,
    SECOND,
    SECRET,
    TOKEN,
    UNCONSENTED,
    House,
)

DEAD = (400, "invalid_grant", 50173)


async def started(house: House, **changes: str) -> str:
    """A refresh token of a new session."""
    token: str = (await house.sign_in(**changes)).json["refresh_token"]
    return token


async def test_refresh_token_is_required(house: House) -> None:
    """“refresh_token REQUIRED”."""
    form = {"client_id": PUBLIC, "grant_type": "refresh_token"}
    answer = await house.post(TOKEN, form)

    assert answer.told == (400, "invalid_request", 900144)
    assert "'refresh_token'" in answer.json["error_description"]


async def test_scope_omitted_means_the_scope_of_the_session(house: House) -> None:
    """“if omitted is treated as equal to the scope originally granted”."""
    answer = await house.refresh(await started(house))

    assert answer.scopes == {"User.Read", "profile", "openid", "email"}
    assert {"id_token", "refresh_token"} <= set(answer.json)


async def test_scope_must_not_exceed_what_was_consented(house: House) -> None:
    """“MUST NOT include any scope not originally granted by the resource owner”."""
    token = await started(
        house,
        client_id=UNCONSENTED,
        username="ida@contoso.test",
        scope="user.read offline_access",
    )
    more = await house.refresh(token, client_id=UNCONSENTED, scope="mail.read")
    same = await house.refresh(token, client_id=UNCONSENTED, scope="user.read")

    assert more.told == (400, "invalid_grant", 65001)
    assert more.json["suberror"] == "consent_required"
    assert same.json["scope"] == "User.Read"


async def test_a_confidential_client_must_authenticate_to_refresh(
    house: House,
) -> None:
    """“require client authentication for confidential clients”."""
    who = {"client_id": CONFIDENTIAL, "client_secret": SECRET}
    token = await started(house, **who)
    without = await house.refresh(token, client_id=CONFIDENTIAL)
    wrong = await house.refresh(token, client_id=CONFIDENTIAL, client_secret="no")
    right = await house.refresh(token, **who)

    assert without.told == (401, "invalid_client", 7000218)
    assert wrong.told == (401, "invalid_client", 7000215)
    assert right.status == 200


async def test_a_refresh_token_is_bound_to_its_client(house: House) -> None:
    """“ensure that the refresh token was issued to the authenticated client”.

    The attempt does the rightful client no harm.
    """
    token = await started(house)
    foreign = await house.refresh(token, client_id=SECOND)
    own = await house.refresh(token)

    assert foreign.told == (400, "invalid_grant", 70000)
    assert own.status == 200


async def test_a_refresh_token_is_bound_to_its_tenant(house: House) -> None:
    """“validate the refresh token”: in another tenant it is no token."""
    form = {"client_id": PUBLIC, "grant_type": "refresh_token"}
    form["refresh_token"] = await started(house)
    foreign = await house.post("/december.test/oauth2/v2.0/token", form)
    own = await house.post("/organizations/oauth2/v2.0/token", form)

    assert foreign.told == (400, "invalid_grant", 70000)
    assert own.status == 200


async def test_an_expired_refresh_token_is_refused(house: House) -> None:
    """“validate the refresh token”: good for 90 days, not for one second more."""
    token = await started(house)
    house.clock.forward(90 * 86400)
    answer = await house.refresh(token)

    assert answer.told == (400, "invalid_grant", 700082)


async def test_a_new_refresh_token_is_issued_and_the_old_one_used_up(
    house: House,
) -> None:
    """“MAY issue a new refresh token” and “MAY revoke the old refresh token”.

    Replaying the old one after the new one was used ends the whole family.
    """
    first = await started(house)
    second = (await house.refresh(first)).json["refresh_token"]
    third = (await house.refresh(second)).json["refresh_token"]
    replayed = await house.refresh(first)
    newest = await house.refresh(third)

    assert len({first, second, third}) == 3
    assert replayed.told == DEAD
    assert newest.told == DEAD


async def test_an_answer_that_was_lost_can_be_asked_for_again(house: House) -> None:
    """Within 30 seconds the old one is good once its successor is unused."""
    first = await started(house)
    await house.refresh(first)
    house.clock.forward(29)
    again = await house.refresh(first)
    house.clock.forward(2)
    late = await house.refresh(first)

    assert again.status == 200
    assert late.told == DEAD


async def test_the_new_refresh_token_has_the_scope_of_the_old_one(
    house: House,
) -> None:
    """“the refresh token scope MUST be identical to that of the refresh token”."""
    first = await started(house)
    narrow = await house.refresh(first, scope="user.read offline_access")
    wide = await house.refresh(narrow.json["refresh_token"])

    assert "id_token" not in narrow.json
    assert wide.scopes == {"User.Read", "profile", "openid", "email"}
    assert "id_token" in wide.json


async def test_one_use_wins_a_race(house: House) -> None:
    """Without a leeway twenty uses side by side have exactly one winner.

    The others are replays, so in the end the family is dead.
    """
    path = "/november.test/oauth2/v2.0/token"
    first = await house.sign_in(path, username="anna@november.test")
    form = {"client_id": PUBLIC, "grant_type": "refresh_token"}
    form["refresh_token"] = first.json["refresh_token"]
    answers = await asyncio.gather(*(house.post(path, form) for _ in range(20)))
    won = [answer for answer in answers if answer.status == 200]
    form["refresh_token"] = won[0].json["refresh_token"]
    after = await house.post(path, form)

    assert len(won) == 1
    assert {a.told for a in answers if a.status != 200} == {DEAD}
    assert after.told == DEAD


async def test_a_disabled_user_gets_nothing_more(house: House) -> None:
    """“validate the refresh token”: its user must still be allowed to sign in."""
    token = await started(house)
    await house.change_user("alice@contoso.test", enabled=False)
    answer = await house.refresh(token)

    assert answer.told == (400, "invalid_grant", 50057)
