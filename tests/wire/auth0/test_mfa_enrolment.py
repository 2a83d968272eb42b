"""Second factors enrolled, listed and removed on the wire (contract auth0 §3.5).

Over a real gateway and mail server; who may do it is security promise 4.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from tests.services.authenticator import SEED, totp
from tests.services.mailsink import MailSink
from tests.services.webhook import Webhook
from tests.wire.auth0.conftest import Auth0Client, Fresh, refused
from tests.wire.auth0.test_mfa import bring, challenge, ticket
from tests.wire.instance import Instance

Factored = Callable[[str], str]
ENROL = "enroll read:authenticators remove:authenticators"


def bearer(token: str) -> dict[str, str]:
    """The header of RFC 6750 §2.1."""
    return {"authorization": f"Bearer {token}"}


def associate(d: Auth0Client, token: str, **fields: Any) -> httpx.Response:
    """`POST /mfa/associate`."""
    return d.post("/mfa/associate", fields, bearer(token))


def app(d: Auth0Client, token: str) -> dict[str, Any]:
    """Begin with an authenticator application; the answer."""
    answer = associate(d, token, authenticator_types=["otp"])
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def telephone(d: Auth0Client, token: str, number: str) -> httpx.Response:
    """Begin with a telephone."""
    fields = {"authenticator_types": ["oob"], "oob_channels": ["sms"]}
    return associate(d, token, **fields, phone_number=number)


def listed(d: Auth0Client, token: str) -> list[dict[str, Any]]:
    """`GET /mfa/authenticators`: a plain array."""
    answer = d.get("/mfa/authenticators", bearer(token))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: list[dict[str, Any]] = answer.json()
    return found


def remove(d: Auth0Client, token: str, id: str) -> httpx.Response:
    """`DELETE /mfa/authenticators/{id}`, the id escaped as clients do it."""
    path = f"{d.prefix}/mfa/authenticators/{quote(id, safe='')}"
    return d.wire.send("DELETE", path, b"", bearer(token))


def key_of(
    d: Auth0Client, name: str, scope: str | None = ENROL, **more: Any
) -> httpx.Response:
    """Ask for an access token for one's own second factors."""
    issuer = d.get("/.well-known/openid-configuration").json()["issuer"]
    return d.tk(username=name, audience=f"{issuer}mfa/", scope=scope, **more)


# --- the first one ------------------------------------------------------------------


def test_an_application_is_enrolled_by_its_first_code(
    d: Auth0Client, factored: Factored
) -> None:
    """Secret, barcode and recovery code; listed inactive, then active."""
    name = factored("enrol")
    token = ticket(d, name)
    body = app(d, token)
    assert set(body) == {
        *("authenticator_type", "secret", "barcode_uri", "recovery_codes"),
    }
    assert body["authenticator_type"] == "otp"
    barcode = urlsplit(body["barcode_uri"])
    assert (barcode.scheme, barcode.netloc) == ("otpauth", "totp")
    assert parse_qs(barcode.query)["secret"] == [body["secret"]]
    assert f"{name}%40example.test" in barcode.path
    assert [each["active"] for each in listed(d, token)] == [False, False]
    code = totp(body["secret"])
    answer = bring(d, "mfa-otp", mfa_token=token, otp=code)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id_token"]
    later = ticket(d, name)
    found = {each["authenticator_type"]: each for each in listed(d, later)}
    assert set(found) == {"otp", "recovery-code"}
    assert found["otp"]["active"] is True
    assert re.fullmatch(r"totp\|dev_[0-9a-f-]+", found["otp"]["id"])
    assert challenge(d, later).json() == {"challenge_type": "otp"}


def test_the_old_door_asks_for_it_at_once(d: Auth0Client, factored: Factored) -> None:
    """`a0.mfa_registration_required` becomes `a0.mfa_required`."""
    name = factored("enrol")
    refused(d.ro(username=name), 401, "a0.mfa_registration_required")
    token = ticket(d, name)
    seed = app(d, token)["secret"]
    assert bring(d, "mfa-otp", mfa_token=token, otp=totp(seed)).status_code == 200
    refused(d.ro(username=name), 401, "a0.mfa_required")
    answer = d.ro(username=name, mfa_code=totp(seed, steps=1))
    assert answer.status_code == 200, answer.text


def test_a_recovery_code_is_replaced_by_each_use(
    d: Auth0Client, factored: Factored
) -> None:
    """The answer holds the new one (§3.2); a wrong one has a text of its own."""
    name = factored("enrol")
    token = ticket(d, name)
    body = app(d, token)
    [first] = body["recovery_codes"]
    otp = totp(body["secret"])
    assert bring(d, "mfa-otp", mfa_token=token, otp=otp).status_code == 200
    token = ticket(d, name)
    answer = bring(d, "mfa-recovery-code", mfa_token=token, recovery_code=first)
    assert answer.status_code == 200, answer.text
    second = answer.json()["recovery_code"]
    assert second != first
    token = ticket(d, name)
    answer = bring(d, "mfa-recovery-code", mfa_token=token, recovery_code=first)
    assert refused(answer, 403, "invalid_grant") == "MFA Authorization rejected."
    answer = bring(d, "mfa-recovery-code", mfa_token=token, recovery_code=second)
    assert answer.status_code == 200


def test_a_telephone(
    d: Auth0Client, texts: Webhook, phone: Fresh, factored: Factored
) -> None:
    """By the first code that reaches it, then by a challenge; the number is masked."""
    name, number = factored("enrol"), phone()
    token = ticket(d, name)
    answer = telephone(d, token, number)
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert body["authenticator_type"] == "oob"
    assert (body["binding_method"], body["oob_channel"]) == ("prompt", "sms")
    assert body["recovery_codes"]
    fields = {"mfa_token": token, "oob_code": body["oob_code"]}
    answer = bring(d, "mfa-oob", **fields, binding_code="x")
    assert refused(answer, 403, "invalid_grant") == "Invalid binding_code."
    code = texts.code(number)
    assert bring(d, "mfa-oob", **fields, binding_code=code).status_code == 200
    refusal = d.tk(username=name).json()
    assert refusal["mfa_requirements"] == {"challenge": [{"type": "phone"}]}
    token = refusal["mfa_token"]
    [entry] = [each for each in listed(d, token) if each["authenticator_type"] == "oob"]
    assert entry["oob_channel"] == "sms"
    assert entry["name"] == "X" * (len(number) - 4) + number[-4:]
    made = challenge(d, token, challenge_type="oob", authenticator_id=entry["id"])
    assert made.status_code == 200, made.text
    assert set(made.json()) == {"challenge_type", "oob_code", "binding_method"}
    texts.to(number, 2)
    fields = {"mfa_token": token, "oob_code": made.json()["oob_code"]}
    answer = bring(d, "mfa-oob", **fields, binding_code=texts.code(number))
    assert answer.status_code == 200, answer.text


def test_a_mailbox(
    d: Auth0Client, mails: MailSink, box: Fresh, factored: Factored
) -> None:
    """The one named, or the user's own if that is known to be theirs."""
    token, address = ticket(d, factored("enrol")), box()
    fields: dict[str, Any] = {"authenticator_types": ["oob"], "oob_channels": ["email"]}
    body = associate(d, token, **fields, email=address).json()
    code = re.search(r"\b[0-9]{6}\b", mails.newest(address).text)
    assert code
    brought = {"mfa_token": token, "oob_code": body["oob_code"]}
    answer = bring(d, "mfa-oob", **brought, binding_code=code[0])
    assert answer.status_code == 200, answer.text
    name = factored("enrol")
    answer = associate(d, ticket(d, name), **fields)
    assert answer.json()["oob_channel"] == "email"
    assert mails.newest(f"{name}@example.test").to == (f"{name}@example.test",)


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"authenticator_types": 5}, 400, "invalid_request"),
        ({"authenticator_types": [{}]}, 400, "invalid_request"),
        ({"authenticator_types": ["webauthn"]}, 400, "unsupported_challenge_type"),
        ({"authenticator_types": ["oob"]}, 400, "invalid_request"),
        (
            {"authenticator_types": ["oob"], "oob_channels": ["auth0"]},
            400,
            "unsupported_challenge_type",
        ),
        (
            {"authenticator_types": ["oob"], "oob_channels": ["sms"]},
            400,
            "invalid_request",
        ),
        (
            {
                "authenticator_types": ["oob"],
                "oob_channels": ["sms"],
                "phone_number": "555",
            },
            400,
            "invalid_request",
        ),
        (
            {
                "authenticator_types": ["oob"],
                "oob_channels": ["sms"],
                "phone_number": "+49300000",
            },
            400,
            "sms_provider_error",
        ),
    ],
)
def test_enrolments_that_cannot_be_begun(
    d: Auth0Client, fields: dict[str, Any], status: int, error: str
) -> None:
    """Kinds and channels that are not there, addresses that are none."""
    refused(associate(d, ticket(d, "dan"), **fields), status, error)


@pytest.mark.parametrize(
    "header", [{}, bearer("garbage"), {"authorization": "Basic x"}]
)
def test_nobody_gets_in_without_a_token(d: Auth0Client, header: dict[str, str]) -> None:
    """At none of the three doors."""
    answers = [
        d.get("/mfa/authenticators", header),
        d.post("/mfa/associate", {"authenticator_types": ["otp"]}, header),
        d.wire.send("DELETE", "/mfa/authenticators/totp%7Cdev_x", b"", header),
    ]
    for answer in answers:
        refused(answer, 401, "invalid_token")


# --- who may ------------------------------------------------------------------------


def test_a_password_alone_changes_nothing_of_who_has_a_factor(
    d: Auth0Client, factored: Factored
) -> None:
    """The ticket lists, but neither adds nor removes (promise 4)."""
    name = factored("mfa")
    token = ticket(d, name)
    [entry] = listed(d, token)
    answer = associate(d, token, authenticator_types=["otp"])
    refused(answer, 403, "mfa_required")
    refused(telephone(d, token, "+15550001111"), 403, "mfa_required")
    refused(remove(d, token, entry["id"]), 403, "mfa_required")
    assert listed(d, token) == [entry]


def test_with_the_factor_shown_one_may_add_and_remove(
    d: Auth0Client, factored: Factored
) -> None:
    """By an access token for `…/mfa/`, which costs the second factor itself."""
    name = factored("mfa")
    refusal = key_of(d, name)
    refused(refusal, 403, "mfa_required")
    token, otp = refusal.json()["mfa_token"], totp(SEED)
    granted = bring(d, "mfa-otp", mfa_token=token, otp=otp).json()
    key = granted["access_token"]
    [old] = listed(d, key)
    body = app(d, key)
    assert body["recovery_codes"]
    waiting = ticket(d, name)
    answer = bring(d, "mfa-otp", mfa_token=waiting, otp=totp(body["secret"]))
    assert answer.status_code == 200, answer.text
    assert remove(d, key, "totp|dev_unknown").status_code == 404
    assert remove(d, key, old["id"]).status_code == 204
    assert old not in listed(d, key)
    waiting = ticket(d, name)
    answer = bring(d, "mfa-otp", mfa_token=waiting, otp=totp(SEED, steps=1))
    refused(answer, 403, "invalid_grant")
    code = totp(body["secret"], steps=1)
    assert bring(d, "mfa-otp", mfa_token=waiting, otp=code).status_code == 200


def test_who_need_not_bring_one_may_enrol_and_needs_it_for_this_alone(
    d: Auth0Client, fresh: Fresh
) -> None:
    """The key brings the first code; from then on a new key costs a code, too.

    A key of before that changes nothing any more: a password alone had paid for it.
    """
    name = fresh()
    key = key_of(d, name, f"openid {ENROL}").json()["access_token"]
    seed = app(d, key)["secret"]
    answer = bring(d, "mfa-otp", mfa_token=key, otp=totp(seed))
    assert answer.status_code == 200, answer.text
    assert "id_token" not in answer.json()
    assert all(each["active"] for each in listed(d, key))
    [entry] = [each for each in listed(d, key) if each["authenticator_type"] == "otp"]
    refused(associate(d, key, authenticator_types=["otp"]), 403, "mfa_required")
    refused(remove(d, key, entry["id"]), 403, "mfa_required")
    refused(key_of(d, name), 403, "mfa_required")
    for answer in (d.ro(username=name), d.tk(username=name)):
        assert answer.status_code == 200, answer.text
    waiting = key_of(d, name).json()["mfa_token"]
    code = totp(seed, steps=1)
    proven = bring(d, "mfa-otp", mfa_token=waiting, otp=code).json()["access_token"]
    assert remove(d, proven, entry["id"]).status_code == 204
    assert listed(d, proven) == []
    assert key_of(d, name).status_code == 200


def test_a_telephone_of_ones_own_will(
    d: Auth0Client, texts: Webhook, phone: Fresh, fresh: Fresh
) -> None:
    """The key brings the code that was sent, too; wrong ones complete nothing."""
    number = phone()
    key = key_of(d, fresh()).json()["access_token"]
    oob = telephone(d, key, number).json()["oob_code"]
    answer = bring(d, "mfa-oob", mfa_token=key, oob_code=oob, binding_code="x")
    assert refused(answer, 403, "invalid_grant") == "Invalid binding_code."
    assert not any(each["active"] for each in listed(d, key))
    code = texts.code(number)
    answer = bring(d, "mfa-oob", mfa_token=key, oob_code=oob, binding_code=code)
    assert answer.status_code == 200, answer.text
    assert all(each["active"] for each in listed(d, key))


def test_a_key_must_allow_what_it_is_used_for(d: Auth0Client, fresh: Fresh) -> None:
    """Each act has its scope (§3.5)."""
    key = key_of(d, fresh(), "read:authenticators").json()["access_token"]
    assert listed(d, key) == []
    answer = associate(d, key, authenticator_types=["otp"])
    refused(answer, 403, "insufficient_scope")
    refused(remove(d, key, "totp|dev_x"), 403, "insufficient_scope")


def test_tokens_for_something_else_are_no_key(
    d: Auth0Client, contoso: Auth0Client
) -> None:
    """For an API, for UserInfo, of another tenant, and an id_token."""
    body = d.tk(audience="https://api.test", scope="openid read:x").json()
    others = [body["access_token"], body["id_token"], d.tk().json()["access_token"]]
    others.append(key_of(contoso, "alice").json()["access_token"])
    for token in others:
        refused(d.get("/mfa/authenticators", bearer(token)), 401, "invalid_token")


def test_users_see_their_own_factors_only(d: Auth0Client, factored: Factored) -> None:
    """Somebody else's id is nobody's."""
    theirs = listed(d, ticket(d, factored("mfa")))[0]["id"]
    mine = ticket(d, factored("enrol"))
    app(d, mine)
    assert theirs not in [each["id"] for each in listed(d, mine)]
    refused(remove(d, mine, theirs), 404, "not_found")


def test_nothing_secret_is_kept_or_logged(
    d: Auth0Client,
    auth0_server: Instance,
    texts: Webhook,
    phone: Fresh,
    factored: Factored,
) -> None:
    """Tickets, challenges, seeds and recovery codes (promise 9)."""
    token = ticket(d, factored("enrol"))
    oob = telephone(d, token, phone()).json()["oob_code"]
    body = app(d, token)
    [recovery] = body["recovery_codes"]
    otp = totp(body["secret"])
    assert bring(d, "mfa-otp", mfa_token=token, otp=otp).status_code == 200
    for path, content in auth0_server.kept().items():
        for secret in (token, oob, body["secret"], recovery):
            assert secret.encode() not in content, path
