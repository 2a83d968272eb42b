"""RFC 6749 §2.3, client authentication, sentence by sentence.

Errors are those of the RFC with the numbers of this wire.
"""

import base64
from urllib.parse import quote_plus

from tests.specs.house import CONFIDENTIAL, PUBLIC, SECRET, TOKEN, House

BASIC_FORM = {
    "scope": "user.read",
    "username": "alice@contoso.test",
    "password": "SuperS3cret",
    "grant_type": "password",
}


def basic(client_id: str, secret: str) -> dict[str, str]:
    """The header of RFC 6749 §2.3.1: both halves form-encoded, then base64."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


async def test_http_basic_authenticates_a_client(house: House) -> None:
    """“MUST support the HTTP Basic authentication scheme”; no client_id in the body."""
    answer = await house.post(TOKEN, BASIC_FORM, headers=basic(CONFIDENTIAL, SECRET))

    told = await house.claims(answer.json["access_token"])
    assert told["appid"] == CONFIDENTIAL
    assert told["appidacr"] == "1"


async def test_both_halves_of_basic_are_form_encoded(house: House) -> None:
    """The secret has a plus sign: sent as it is, it would mean a blank."""
    pair = f"{CONFIDENTIAL}:{SECRET}".encode()
    plain = {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
    answer = await house.post(TOKEN, BASIC_FORM, headers=plain)

    assert answer.told == (401, "invalid_client", 7000215)


async def test_credentials_may_be_sent_in_the_body(house: House) -> None:
    """“client_id REQUIRED, client_secret REQUIRED”, in the form."""
    answer = await house.sign_in(client_id=CONFIDENTIAL, client_secret=SECRET)

    assert (await house.claims(answer.json["access_token"]))["appidacr"] == "1"


async def test_credentials_in_the_address_are_refused(house: House) -> None:
    """“MUST NOT be included in the request URI”; the log does not keep them."""
    answer = await house.sign_in(
        f"{TOKEN}?client_secret=s3cr~t%2B%2F%3D", client_id=CONFIDENTIAL
    )

    assert answer.told[:2] == (400, "invalid_request")
    assert "s3cr" not in str(await house.rows("audit"))


async def test_more_than_one_authentication_method_is_refused(house: House) -> None:
    """“MUST NOT use more than one authentication method in each request”."""
    both = {**BASIC_FORM, "client_secret": SECRET}
    answer = await house.post(TOKEN, both, headers=basic(CONFIDENTIAL, SECRET))
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assertion = await house.sign_in(
        client_id=CONFIDENTIAL,
        client_secret=SECRET,
        client_assertion="e30.e30.e30",
        client_assertion_type=kind,
    )

    assert answer.told[:2] == (400, "invalid_request")
    assert assertion.told[:2] == (400, "invalid_request")
    assert await house.failures() == 0


async def test_header_and_body_must_name_the_same_client(house: House) -> None:
    """Two names are two claims of who it is: neither is believed."""
    form = {**BASIC_FORM, "client_id": PUBLIC}
    answer = await house.post(TOKEN, form, headers=basic(CONFIDENTIAL, SECRET))

    assert answer.told[:2] == (400, "invalid_request")
