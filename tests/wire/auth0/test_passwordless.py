"""Cases A80 to A87 of contract auth0 §9: codes by mail and text message.

Over real SMTP and a real web hook; that codes die and count is promise PWL-03.
"""

import re
from typing import Any

import httpx
import pytest

from tests.services.mailsink import MailSink, Received
from tests.services.webhook import Webhook
from tests.wire.auth0.conftest import DB, ORIGIN, URN, Auth0Client, Fresh, refused
from tests.wire.auth0.test_success import claims_of
from tests.wire.instance import Instance

OTP = URN + "passwordless/otp"
SECRET = "SEC-0123456789abcdef"
WRONG = ("000000", "000001", "000002", "000003", "000004", "000005", "000006")


def start(d: Auth0Client, **changes: Any) -> httpx.Response:
    """Ask for a code, by the client LEG."""
    return d.post("/passwordless/start", {"client_id": "LEG", **changes})


def by_mail(d: Auth0Client, mails: MailSink, address: str) -> str:
    """Have a code sent to an address; the code."""
    before = mails.count(address)
    answer = start(d, connection="email", email=address, send="code")
    assert answer.status_code == 200, answer.text
    return code_in(mails.to(address, before + 1)[-1])


def code_in(mail: Received) -> str:
    """The code in a mail."""
    found = re.search(r"^Your verification code is: ([0-9]{6})$", mail.text, re.M)
    assert found, mail.text
    return found[1]


def wrong_codes(code: str) -> list[str]:
    """Codes that are not the right one."""
    return [each for each in WRONG if each != code]


def use(d: Auth0Client, address: str, code: str, **changes: Any) -> httpx.Response:
    """Sign in with a code at `/oauth/ro`."""
    return d.ro(connection="email", username=address, password=code, **changes)


def test_a80_a_code_by_text_message(
    d: Auth0Client, texts: Webhook, phone: Fresh
) -> None:
    """Six digits to the number, which may then sign in; `sub` begins `sms|`."""
    number = phone()
    answer = start(d, connection="sms", phone_number=number)
    body = answer.json()
    assert answer.status_code == 200
    assert re.fullmatch(r"[0-9a-f]{24}", body.pop("_id"))
    assert body == {
        "phone_number": number,
        "phone_verified": False,
        "request_language": None,
    }
    code = texts.code(number)
    assert re.fullmatch(r"[0-9]{6}", code)
    assert code in texts.to(number)[-1].body["text"]
    answer = d.ro(
        connection="sms", username=number, password=code, scope="openid phone_number"
    )
    claims = claims_of(d, answer.json()["id_token"])
    assert re.fullmatch(r"sms\|[0-9a-f]{24}", claims["sub"])
    assert claims["phone_number"] == number


def test_a81_a_code_by_mail_asked_for_by_form(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """With nested parameters as auth0-js 7 writes them; the address is verified."""
    address = box()
    form = {
        "client_id": "LEG",
        "connection": "email",
        "email": address,
        "send": "code",
        "authParams[scope]": "openid",
    }
    answer = d.form("/passwordless/start", form)
    body = answer.json()
    assert answer.status_code == 200
    assert re.fullmatch(r"[0-9a-f]{24}", body.pop("_id"))
    assert body == {"email": address, "email_verified": False}
    mail = mails.newest(address)
    assert mail.to == (address,)
    assert mail.sender == "no-reply@example.test"
    answer = use(d, address, code_in(mail), scope="openid profile")
    claims = claims_of(d, answer.json()["id_token"])
    assert re.fullmatch(r"email\|[0-9a-f]{24}", claims["sub"])
    assert claims["email_verified"] is True
    assert claims["email"] == address


def test_the_same_person_comes_back_with_the_same_id(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Whatever case the address is written in (ids stay, contract auth0 §4.2)."""
    address = box()
    subjects = set()
    for written in (address, address.upper(), f" {address.title()} "):
        code = by_mail(d, mails, address)
        answer = use(d, written, code)
        subjects.add(claims_of(d, answer.json()["id_token"])["sub"])
    assert len(subjects) == 1


@pytest.mark.parametrize("send", ["link", "link_ios", "link_android", None])
def test_a_link_that_is_asked_for_brings_a_code_too(
    d: Auth0Client, mails: MailSink, box: Fresh, send: str | None
) -> None:
    """Nothing here follows links, so the mail says where to type the code."""
    address = box()
    answer = start(d, connection="email", email=address, send=send)
    assert answer.status_code == 200
    mail = mails.newest(address)
    assert "Go back to where you began" in mail.text
    assert use(d, address, code_in(mail)).status_code == 200


def test_a82_a_code_works_once_and_only_the_newest_one(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Used again, and the older of two: both like a wrong password."""
    address = box()
    code = by_mail(d, mails, address)
    assert use(d, address, code).status_code == 200
    first = refused(use(d, address, code), 401, "invalid_user_password")
    older, newer = by_mail(d, mails, address), by_mail(d, mails, address)
    while older == newer:
        newer = by_mail(d, mails, address)
    second = refused(use(d, address, older), 401, "invalid_user_password")
    assert first == second == "Wrong email or password."
    assert use(d, address, newer).status_code == 200


def test_a83_three_wrong_tries_kill_a_code(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Then the right one is refused like a wrong one."""
    address = box()
    code = by_mail(d, mails, address)
    for wrong in wrong_codes(code)[:3]:
        refused(use(d, address, wrong), 401, "invalid_user_password")
    refused(use(d, address, code), 401, "invalid_user_password")
    again = by_mail(d, mails, address)
    assert use(d, address, again).status_code == 200


@pytest.mark.parametrize(
    ("sent", "error", "told"),
    [
        (
            {"connection": "sms", "phone_number": "555"},
            "bad.phone_number",
            "Property phone_number is not valid",
        ),
        (
            {"connection": "sms"},
            "bad.phone_number",
            "Missing required property: phone_number",
        ),
        ({"connection": "email", "email": "a b@c"}, "bad.email", "Property email"),
        ({"connection": "email", "email": 5}, "bad.email", "Property email must be"),
        (
            {"connection": "email", "phone_number": "+1555"},
            "bad.email",
            "Missing required property: email",
        ),
        (
            {"email": "a@b.test"},
            "bad.connection",
            "Missing required property: connection",
        ),
        (
            {"connection": DB, "email": "a@b.test"},
            "bad.connection",
            "Invalid connection strategy. It must either be a passwordless connection",
        ),
        (
            {"connection": "nowhere", "email": "a@b.test"},
            "bad.connection",
            "Connection does not exist",
        ),
        (
            {"connection": "off-db", "email": "a@b.test"},
            "bad.connection",
            "Connection is disabled",
        ),
        (
            {"connection": "email", "email": "a@b.test", "authParams": "x"},
            "bad.authParams",
            "Property authParams must be an object",
        ),
        (
            {"connection": "email", "email": "a@b.test", "send": "pigeon"},
            "bad.request",
            "Property send must be one of",
        ),
        (
            {"client_id": "nope", "connection": "email", "email": "a@b.test"},
            "bad.client_id",
            "Client does not exist",
        ),
        (
            {"client_id": None, "connection": "email", "email": "a@b.test"},
            "bad.client_id",
            "Missing required property: client_id",
        ),
    ],
)
def test_a84_what_is_wrong_is_named(
    d: Auth0Client, sent: dict[str, Any], error: str, told: str
) -> None:
    """400 with the property's own error (contract auth0 §6)."""
    assert refused(start(d, **sent), 400, error).startswith(told)


def test_which_connections_there_are_is_not_told_to_strangers(
    contoso: Auth0Client,
) -> None:
    """Where the tenant hides, a disabled connection and none look alike (RO-02)."""
    answers = {
        start(contoso, connection=name, email="a@b.test").content
        for name in ("nowhere", "off-db", "other-db")
    }
    assert len(answers) == 1


def test_a85_a_confidential_client_proves_itself(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Without its secret, or with a wrong one, nothing is sent."""
    address = box()
    sent = {"client_id": "CONF", "connection": "email", "email": address}
    refused(start(d, **sent), 401, "access_denied")
    refused(start(d, **sent, client_secret="wrong"), 401, "access_denied")
    assert start(d, **sent, client_secret=SECRET).status_code == 200
    assert len(mails.to(address)) == 1


def test_a86_auth0_js_looks_at_a_code_first(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Without a client: right or not, and the code stays good."""
    address = box()
    code = by_mail(d, mails, address)

    def look(sent: str) -> httpx.Response:
        body = {"connection": "email", "verification_code": sent, "email": address}
        return d.post("/passwordless/verify", body)

    refused(look(wrong_codes(code)[0]), 401, "invalid_user_password")
    answer = look(code)
    assert answer.status_code == 200
    assert "error" not in answer.json()
    assert look(code).status_code == 200
    assert use(d, address, code).status_code == 200
    refused(look(code), 401, "invalid_user_password")


def test_looking_counts_like_using(
    d: Auth0Client, texts: Webhook, phone: Fresh
) -> None:
    """Three wrong looks kill the code for every door."""
    number = phone()
    start(d, connection="sms", phone_number=number)
    code = texts.code(number)
    body = {"connection": "sms", "phone_number": number}
    for wrong in wrong_codes(code)[:3]:
        look = d.post("/passwordless/verify", {**body, "verification_code": wrong})
        refused(look, 401, "invalid_user_password")
    right = d.post("/passwordless/verify", {**body, "verification_code": code})
    refused(right, 401, "invalid_user_password")
    answer = d.ro(connection="sms", username=number, password=code)
    refused(answer, 401, "invalid_user_password")


def test_the_documented_verify_is_the_old_endpoint(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Same gates, same answer, and the code is used up."""
    address = box()
    body = {
        "client_id": "LEG",
        "connection": "email",
        "grant_type": "password",
        "username": address,
        "password": by_mail(d, mails, address),
        "scope": "openid",
    }
    answer = d.post("/passwordless/verify", body)
    assert answer.status_code == 200
    assert {"access_token", "id_token"} <= set(answer.json())
    refused(d.post("/passwordless/verify", body), 401, "invalid_user_password")
    gate = d.post("/passwordless/verify", {**body, "client_id": "NOGRANT"})
    refused(gate, 403, "unauthorized_client")
    assert "missing client_id" in refused(
        d.post("/passwordless/verify", {**body, "client_id": None}),
        400,
        "invalid_request",
    )


def otp(d: Auth0Client, name: str, code: str, **changes: Any) -> httpx.Response:
    """Sign in with a code at `/oauth/token`."""
    sent = {"grant_type": OTP, "realm": "email", "username": name, "otp": code}
    return d.tk("password", **{**sent, **changes})


def test_a87_the_grant_of_today(d: Auth0Client, mails: MailSink, box: Fresh) -> None:
    """An id_token for the right code; the texts that Auth0.Android compares."""
    address = box()
    code = by_mail(d, mails, address)
    wrong = refused(otp(d, address, wrong_codes(code)[0]), 403, "invalid_grant")
    assert wrong == "Wrong email or verification code."
    answer = otp(d, address, code)
    assert answer.status_code == 200
    assert claims_of(d, answer.json()["id_token"])["sub"].startswith("email|")
    never = refused(otp(d, address, code), 403, "invalid_grant")
    assert never == "Wrong email or verification code."


def test_a_code_tried_too_often_says_so_at_the_token_endpoint(
    d: Auth0Client, texts: Webhook, phone: Fresh
) -> None:
    """After three wrong ones (contract auth0 §3.4)."""
    number = phone()
    start(d, connection="sms", phone_number=number)
    code = texts.code(number)
    for wrong in wrong_codes(code)[:3]:
        text = refused(otp(d, number, wrong, realm="sms"), 403, "invalid_grant")
        assert text == "Wrong phone number or verification code."
    text = refused(otp(d, number, code, realm="sms"), 403, "invalid_grant")
    assert text == (
        "You've reached the maximum number of attempts. Please try to login again."
    )


def test_the_grant_is_for_passwordless_connections(d: Auth0Client) -> None:
    """A password is no code, whichever connection is named."""
    text = refused(otp(d, "alice", "x", realm=DB), 400, "invalid_request")
    assert text == "specified strategy does not support requested operation"
    text = refused(otp(d, "alice", "x", realm="nowhere"), 400, "invalid_request")
    assert text == "the connection was not found"
    text = refused(otp(d, "alice", "x", realm=None), 400, "invalid_request")
    assert text == "Missing required parameter: realm"


def test_pwl_03_the_ceiling_of_the_account_holds(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Fresh codes give fresh tries, but ten wrong ones lock, at every door."""
    address = box()
    tried = 0
    for _ in range(4):
        code = by_mail(d, mails, address)
        for number in range(3):
            wrong = f"{(int(code) + tried + number + 1) % 10**6:06d}"
            answer = use(d, address, wrong)
            if tried + number < 10:
                refused(answer, 401, "invalid_user_password")
            else:
                refused(answer, 429, "too_many_attempts")
        tried += 3
    code = by_mail(d, mails, address)
    refused(use(d, address, code), 429, "too_many_attempts")
    refused(otp(d, address, code), 429, "too_many_attempts")
    look = {"connection": "email", "email": address, "verification_code": code}
    refused(d.post("/passwordless/verify", look), 429, "too_many_attempts")


def test_a_blocked_user_is_sent_nothing_and_told_nothing(
    d: Auth0Client, mails: MailSink, texts: Webhook
) -> None:
    """The same answer as anybody (contract auth0 §6)."""
    answer = start(d, connection="email", email="blocked@mail.test", send="code")
    body = answer.json()
    assert (answer.status_code, body["email"]) == (200, "blocked@mail.test")
    assert set(body) == {"_id", "email", "email_verified"}
    answer = start(d, connection="sms", phone_number="+15550001111")
    assert (answer.status_code, answer.json()["phone_number"]) == (200, "+15550001111")
    mails.inbox.stays(lambda mail: "blocked@mail.test" in mail.to, 0)
    assert texts.count("+15550001111") == 0


@pytest.mark.parametrize("ending", ["0000", "0500"])
def test_what_the_gateway_refuses_is_told(d: Auth0Client, ending: str) -> None:
    """400, never a 5xx: it is no fault of this server (contract auth0 §6)."""
    answer = start(d, connection="sms", phone_number=f"+4930555{ending}")
    refused(answer, 400, "sms_provider_error")


def test_scripts_of_registered_origins_may_ask(d: Auth0Client, box: Fresh) -> None:
    """The preflight of auth0-js, and the answer's own header, refusals too."""
    headers = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "auth0-client,content-type",
    }
    for path in ("/passwordless/start", "/passwordless/verify"):
        answer = d.wire.send("OPTIONS", path, b"", headers)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "auth0-client" in answer.headers["access-control-allow-headers"].lower()
        answer = d.post(path, {"client_id": "LEG"}, {"origin": ORIGIN})
        assert answer.status_code == 400
        assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_a_code_is_good_at_its_own_tenant_only(
    d: Auth0Client, contoso: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """The same address at another tenant is somebody else (promise 6)."""
    address = box()
    code = by_mail(d, mails, address)
    refused(use(contoso, address, code), 401, "invalid_user_password")
    assert use(d, address, code).status_code == 200


def test_no_code_lies_in_the_clear(
    d: Auth0Client, mails: MailSink, box: Fresh, auth0_server: Instance
) -> None:
    """Its digest is not the plain SHA-256 of it either; none stands in the log."""
    address = box()
    code = by_mail(d, mails, address)
    rows = auth0_server.rows(
        "SELECT digest FROM one_time_codes WHERE name = ?", address
    )
    assert len(rows) == 1
    assert code not in str(rows)
    assert re.fullmatch(r"[0-9a-f]{64}", rows[0][0])
    assert code not in auth0_server.log.read_text()


@pytest.mark.parametrize("language", ["en", "pt-BR, en;q=0.5"])
def test_the_language_asked_for_is_told_back(
    d: Auth0Client, phone: Fresh, language: str
) -> None:
    """Header `X-Request-Language`, as far as it is one."""
    body = {"client_id": "LEG", "connection": "sms", "phone_number": phone()}
    sent = {"x-request-language": language}
    answer = d.post("/passwordless/start", body, sent)
    assert answer.json()["request_language"] == language
    answer = d.post("/passwordless/start", body, {"x-request-language": "<b>"})
    assert answer.json()["request_language"] is None
