"""Cases A54 and A115 to A117 of contract auth0 §9: sign-up and weak passwords.

That an account so made signs in everywhere it should is part of each success.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.wire.auth0.conftest import DB, Auth0Client, Fresh, refused
from tests.wire.auth0.test_success import claims_of

GOOD = "Tr0ub4dor-and-3"
TAKEN = {
    "error": "invalid_signup",
    "error_description": "Invalid sign up",
    "name": "BadRequestError",
    "code": "invalid_signup",
    "description": "Invalid sign up",
    "statusCode": 400,
}


def sign_up(d: Auth0Client, email: object, **changes: Any) -> httpx.Response:
    """Sign up by the client LEG at the tenant's directory."""
    body = {"client_id": "LEG", "connection": DB, "email": email, "password": GOOD}
    return d.post("/dbconnections/signup", {**body, **changes})


def test_a115_a_new_account_signs_in_at_once(d: Auth0Client, box: Fresh) -> None:
    """Its id is that of the answer, its address not verified; again is refused."""
    address = box()
    answer = sign_up(d, address.upper())
    body = answer.json()
    assert answer.status_code == 200
    assert "error" not in body
    assert re.fullmatch(r"[0-9a-f]{24}", body["_id"])
    assert {k: v for k, v in body.items() if k != "_id"} == {
        "email": address,
        "email_verified": False,
    }
    claims = claims_of(
        d,
        d.ro(username=address, password=GOOD, scope="openid profile").json()[
            "id_token"
        ],
    )
    assert claims["sub"] == f"auth0|{body['_id']}"
    assert claims["email_verified"] is False
    again = sign_up(d, address)
    assert (again.status_code, again.json()) == (400, TAKEN)
    assert again.headers["cache-control"] == "no-store"
    # the first one's password stays, whatever the second brought
    sign_up(d, address, password="Another-One-77")
    assert d.ro(username=address, password=GOOD).status_code == 200


def test_a_configured_users_address_is_taken(d: Auth0Client) -> None:
    """By their mail address, and by their short name."""
    assert sign_up(d, "alice@example.test").json() == TAKEN
    assert sign_up(d, "else@mail.test", username="Alice").json() == TAKEN


def test_a_short_name_and_a_profile(d: Auth0Client, box: Fresh) -> None:
    """What a person tells of themselves is kept, and their short name opens too."""
    address = box()
    metadata = {"color": "blue", "n": 1}
    answer = sign_up(
        d,
        address,
        username="short.name",
        given_name="Ann",
        family_name="Onym",
        user_metadata=metadata,
    )
    assert answer.json()["username"] == "short.name"
    answer = d.ro(
        username="short.name", password=GOOD, scope="openid profile user_metadata"
    )
    claims = claims_of(d, answer.json()["id_token"])
    assert (claims["given_name"], claims["family_name"]) == ("Ann", "Onym")
    assert claims["name"] == "Ann Onym"
    assert claims["user_metadata"] == metadata


def test_a116_a_short_password_is_weak(d: Auth0Client, box: Fresh) -> None:
    """Old and new clients read the same (contract auth0 §6)."""
    answer = sign_up(d, box(), password="x")
    body = answer.json()
    assert answer.status_code == body["statusCode"] == 400
    assert body["name"] == "PasswordStrengthError"
    assert body["code"] == body["error"] == "invalid_password"
    assert body["message"] == body["error_description"] == "Password is too weak"
    assert body["policy"].startswith("* At least 8 characters")
    assert body["description"]["verified"] is False
    assert body["description"]["rules"] == [
        {
            "message": "At least %d characters in length",
            "format": [8],
            "code": "lengthAtLeast",
            "verified": False,
        }
    ]


@pytest.mark.parametrize(
    ("password", "name", "code"),
    [
        ("Password1", "PasswordDictionaryError", "invalid_password"),
        ("my-weakling-too", "PasswordNoUserInfoError", "invalid_password"),
        ("AUTH0-TEST-xyz-1", "PasswordLeakedError", "password_leaked"),
        ("Paaf213XXYYZZ", "PasswordLeakedError", "password_leaked"),
        ("Paat739!!WWXXYYZZ", "PasswordLeakedError", "password_leaked"),
    ],
)
def test_other_weak_passwords(
    d: Auth0Client, password: str, name: str, code: str
) -> None:
    """Common ones, one's own name, and those that others know (contract §5, §6)."""
    answer = sign_up(d, "weakling@mail.test", password=password)
    body = answer.json()
    assert (answer.status_code, body["name"]) == (400, name)
    assert body["code"] == body["error"] == code
    assert body["message"] == body["description"] == body["error_description"]


def test_a117_nulls_are_absent(d: Auth0Client, box: Fresh) -> None:
    """As auth0-python 3.9 always sends them."""
    answer = sign_up(d, box(), username=None, user_metadata=None)
    assert answer.status_code == 200
    assert "username" not in answer.json()


@pytest.mark.parametrize(
    ("changes", "status", "error", "told"),
    [
        ({"client_id": None}, 400, "invalid_request", "missing client_id parameter"),
        ({"client_id": "nope"}, 403, "unauthorized_client", "invalid client"),
        ({"connection": None}, 400, "invalid_request", "missing connection parameter"),
        ({"connection": "x"}, 400, "invalid_request", "the connection was not found"),
        (
            {"connection": "other-db"},
            400,
            "invalid_request",
            "the connection was disabled",
        ),
        (
            {"connection": "email"},
            400,
            "invalid_request",
            "specified strategy does not support requested operation",
        ),
        ({"email": None}, 400, "invalid_request", "missing email parameter"),
        ({"email": "x"}, 400, "invalid_request", "email parameter is not a mail"),
        ({"email": "a@b.test,c@d.test"}, 400, "invalid_request", "email parameter is"),
        ({"password": ""}, 400, "invalid_request", "missing password parameter"),
        ({"username": "a b"}, 400, "invalid_request", "username parameter may hold"),
        ({"username": "a@b.test"}, 400, "invalid_request", "username parameter may"),
        ({"user_metadata": "x"}, 400, "invalid_request", "user_metadata parameter"),
        (
            {"user_metadata": {str(n): "" for n in range(11)}},
            400,
            "invalid_request",
            "user_metadata parameter has more than 10",
        ),
        (
            {"user_metadata": {"k": "x" * 501}},
            400,
            "invalid_request",
            "user_metadata parameter has",
        ),
        (
            {"user_metadata": {"k": 10**30}},
            400,
            "invalid_request",
            "user_metadata parameter has",
        ),
        (
            {"user_metadata": {"k": {"nested": 1}}},
            400,
            "invalid_request",
            "user_metadata parameter has",
        ),
        ({"given_name": "a\nb"}, 400, "invalid_request", "given_name parameter must"),
    ],
)
def test_what_is_wrong_with_a_sign_up(
    d: Auth0Client, changes: dict[str, Any], status: int, error: str, told: str
) -> None:
    """Each in the words of the old endpoints; nobody is made."""
    answer = sign_up(d, **{"email": "wrong@mail.test", **changes})
    assert refused(answer, status, error).startswith(told)
    refused(
        d.ro(username="wrong@mail.test", password=GOOD), 401, "invalid_user_password"
    )


def test_sign_up_is_shut_unless_the_tenant_opens_it(shut: Auth0Client) -> None:
    """400 in the words of the contract (§6)."""
    answer = sign_up(shut, "new@mail.test")
    refused(answer, 400, "public signup is disabled")


def test_of_many_at_once_one_signs_up(d: Auth0Client, box: Fresh) -> None:
    """Names are unique however many ask at the same moment."""
    address = box()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sign_up(d, address), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    for answer in answers:
        assert answer.status_code == 200 or answer.json() == TAKEN
    assert d.ro(username=address, password=GOOD).status_code == 200


def test_a_form_is_as_good(d: Auth0Client, box: Fresh) -> None:
    """With nested metadata, as auth0-js 7 writes it."""
    fields = {
        "client_id": "LEG",
        "connection": DB,
        "email": box(),
        "password": GOOD,
        "user_metadata[color]": "red",
    }
    answer = d.form("/dbconnections/signup", fields)
    assert answer.status_code == 200
    assert answer.json()["email"] == fields["email"]


def test_a54_a_leaked_password_is_told_after_it_was_right(d: Auth0Client) -> None:
    """401 password_leaked at both doors; a wrong one is told like anybody's."""
    right = {"username": "erin", "password": "AUTH0-TEST-erin-1"}
    wrong = {"username": "erin", "password": "AUTH0-TEST-erin-2"}
    refused(d.ro(**right), 401, "password_leaked")
    refused(d.tk(**right), 401, "password_leaked")
    told = refused(d.ro(**wrong), 401, "invalid_user_password")
    assert told == "Wrong email or password."
    assert refused(d.tk(**wrong), 403, "invalid_grant") == told
