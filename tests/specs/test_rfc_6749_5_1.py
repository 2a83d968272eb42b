"""RFC 6749 §5.1, successful response, sentence by sentence."""

import json

from tests.specs.house import DAEMON, TENANT, TOKEN, UNCONSENTED, House


async def test_a_granted_request_is_answered_with_200(house: House) -> None:
    """“the HTTP response with a 200 (OK) status code”."""
    answer = await house.sign_in()

    assert (answer.status, "error" in answer.json) == (200, False)


async def test_access_token_and_token_type_are_there(house: House) -> None:
    """“access_token REQUIRED”, “token_type REQUIRED”, for every grant."""
    form = {"client_id": DAEMON, "client_secret": "d4emon-secret"}
    form |= {"grant_type": "client_credentials", "scope": "api://tasks/.default"}
    first = await house.sign_in()
    answers = [
        first,
        await house.refresh(first.json["refresh_token"]),
        await house.post(TOKEN, form),
    ]

    for answer in answers:
        assert answer.json["access_token"].count(".") == 2
        assert answer.json["token_type"] == "Bearer"


async def test_expires_in_is_there(house: House) -> None:
    """“expires_in RECOMMENDED. The lifetime in seconds of the access token”."""
    answer = await house.sign_in()

    assert answer.json["expires_in"] == 3599


async def test_scope_is_told_where_it_differs_from_what_was_asked(house: House) -> None:
    """“OPTIONAL, if identical …; otherwise, REQUIRED”: more is consented than asked."""
    answer = await house.sign_in(scope="user.read openid")
    same = await house.sign_in(
        client_id=UNCONSENTED, scope="User.Read", username="ida@contoso.test"
    )

    assert answer.scopes == {"User.Read", "openid", "profile", "email"}
    assert same.json["scope"] == "User.Read"


async def test_the_body_is_json(house: House) -> None:
    """“using the application/json media type”, numbers as numbers, in UTF-8."""
    answer = await house.sign_in()

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    found = json.loads(answer.body.decode("utf-8"))
    assert type(found["expires_in"]) is int
    assert None not in found.values()


async def test_numbers_of_the_older_endpoint_are_text(house: House) -> None:
    """The v1 endpoint departs from “numerical values are included as JSON numbers”.

    Its clients of the hosted service know them as text only.
    """
    form = {"resource": "https://graph.microsoft.com", "scope": "openid"}
    answer = await house.sign_in(f"/{TENANT}/oauth2/token", **form)

    assert answer.json["expires_in"] == "3599"
    assert answer.json["expires_on"] == str(int(house.clock.now()) + 3600)


async def test_answers_are_not_stored_on_the_way(house: House) -> None:
    """“MUST include Cache-Control: no-store and Pragma: no-cache”."""
    for answer in (await house.sign_in(), await house.sign_in(password="wrong")):
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["pragma"] == "no-cache"
