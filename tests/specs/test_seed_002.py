"""Seed 002: the ROPC page of 28 November 2018 (Czech), where it stands alone.

Sentences that it shares with 2019 are tried at its tenant in test_seed_001, those
that it shares with the pages of December 2018 in test_seed_003.
"""

from urllib.parse import urlencode

from tests.specs.house import PASSWORD, PUBLIC, Edition, House

DECEMBER = "/december.test/oauth2/v2.0/authorize"
NOVEMBER = "/november.test/oauth2/v2.0/authorize"


async def test_the_authorize_endpoint_answers_the_password_grant(house: House) -> None:
    """The sample posts to it, with a bare question mark and a secret nobody needs."""
    answer = await house.sign_in(
        f"{NOVEMBER}?",
        username="anna@november.test",
        client_secret="wkubdywbc2894u",
    )

    assert answer.scopes == {"User.Read", "profile", "openid", "email"}
    told = await house.claims(
        answer.json["access_token"], "33333333-2222-3333-4444-555555555555"
    )
    assert told["appid"] == PUBLIC


async def test_the_authorize_endpoint_refuses_as_the_token_endpoint_does(
    house: House,
) -> None:
    """Wrong passwords are counted there too: one gate, one counter."""
    answer = await house.sign_in(
        NOVEMBER, username="anna@november.test", password="wrong"
    )

    assert answer.told == (400, "invalid_grant", 50126)
    assert await house.failures() == 1


async def test_the_authorize_endpoint_of_later_editions_takes_no_passwords(
    house: House,
) -> None:
    """One month later the documents post to the token endpoint instead."""
    answer = await house.sign_in(DECEMBER, username="anna@december.test")

    assert answer.told == (400, "invalid_request", 900144)
    assert "'response_type'" in answer.json["error_description"]


async def test_parameters_behind_the_question_mark_are_refused(
    house: House, edition: Edition
) -> None:
    """The sample's layout is for legibility: a password in an address is refused.

    It would end in the logs of everything on the way.
    """
    form = {"client_id": PUBLIC, "username": edition.username, "scope": "user.read"}
    query = urlencode({**form, "password": PASSWORD, "grant_type": "password"})
    all_there = await house.post(f"{edition.path}?{query}", {})
    split = await house.sign_in(
        f"{edition.path}?password={PASSWORD}",
        username=edition.username,
        password=None,
    )

    assert all_there.told == (400, "invalid_request", 900144)
    assert "'grant_type'" in all_there.json["error_description"]
    assert split.told[:2] == (400, "invalid_request")
    assert await house.failures() == 0
    assert PASSWORD not in str(await house.rows("audit"))
