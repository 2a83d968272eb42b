"""RFC 6749 §4.3, resource owner password credentials grant, sentence by sentence.

What the seed documents say in other words is tested with them.
"""

from urllib.parse import quote

from tests.specs.house import CONFIDENTIAL, SECRET, TENANT, TOKEN, House


async def test_the_parameters_are_form_encoded_in_utf_8(house: House) -> None:
    """“using the application/x-www-form-urlencoded format … UTF-8” (§4.3.2)."""
    name = quote("alice@contoso.test")
    body = f"client_id={'6731de76-14a6-49ae-97bc-6eba6914391e'}&scope=user.read+openid"
    body += f"&grant_type=password&username={name}&password=Super%533cret"
    form = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
    good = await house.send("POST", TOKEN, body.encode(), form, "192.0.2.7")
    latin = await house.send("POST", TOKEN, f"{body}%FC".encode(), form, "192.0.2.7")

    assert good.scopes >= {"User.Read", "openid"}
    assert latin.told == (400, "invalid_request", 90023)


async def test_scope_is_optional(house: House) -> None:
    """“scope OPTIONAL” (§4.3.2)."""
    answer = await house.sign_in(scope=None)

    assert answer.status == 200
    assert answer.json["token_type"] == "Bearer"


async def test_client_authentication_is_required_of_confidential_clients(
    house: House,
) -> None:
    """“require client authentication for confidential clients” (§4.3.2)."""
    answer = await house.sign_in(client_id=CONFIDENTIAL)

    assert answer.told == (401, "invalid_client", 7000218)
    assert await house.failures() == 0


async def test_the_client_is_authenticated_when_a_credential_is_included(
    house: House,
) -> None:
    """A right user password does not help a wrong client secret (§4.3.2)."""
    wrong = await house.sign_in(client_id=CONFIDENTIAL, client_secret="other")
    right = await house.sign_in(client_id=CONFIDENTIAL, client_secret=SECRET)

    assert wrong.told == (401, "invalid_client", 7000215)
    assert right.status == 200


async def test_the_password_is_validated(house: House) -> None:
    """“validate the resource owner password credentials” (§4.3.2)."""
    for password in ("SuperS3cre", "SuperS3cret1", "supers3cret"):
        answer = await house.sign_in(password=password)
        assert answer.told == (400, "invalid_grant", 50126)


async def test_the_endpoint_is_protected_against_brute_force(house: House) -> None:
    """“MUST protect the endpoint against brute force attacks” (§4.3.2).

    Ten different wrong passwords lock the account for a minute, from that kind of
    place, even for the right password; then it is open again.
    """
    for number in range(10):
        guess = await house.sign_in(password=f"wrong-{number}")
        assert guess.told == (400, "invalid_grant", 50126)
    locked = await house.sign_in()
    house.clock.forward(61)
    opened = await house.sign_in()

    assert locked.told == (400, "invalid_grant", 50053)
    assert "retry-after" not in locked.headers
    assert opened.status == 200


async def test_every_door_counts_guesses_together(house: House) -> None:
    """Guesses by several addresses are guesses at one account (§4.3.2)."""
    doors = (TOKEN, "/contoso.test/oauth2/v2.0/token", f"/{TENANT}/oauth2/token")
    for number in range(10):
        door = doors[number % 3]
        await house.sign_in(door, password=f"wrong-{number}")
    for door in doors:
        answer = await house.sign_in(door)
        assert answer.told == (400, "invalid_grant", 50053)


async def test_a_refused_request_gets_an_error_of_section_5_2(house: House) -> None:
    """“If the request failed client authentication or is invalid” (§4.3.3)."""
    answer = await house.sign_in(password="wrong")

    assert answer.json["error"] == "invalid_grant"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
