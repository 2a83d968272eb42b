"""core.factors: which second factor counts when, and which one is asked for."""

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.core.errors import Reason
from ostiary.core.factors import (
    CODES,
    MESSAGES,
    Factor,
    FactorKind,
    FactorState,
    barcode_uri,
    check_may_change,
    choose,
    enrolled,
    recovery_code,
    recovery_digest,
    usable,
)
from tests.core.things import refusal

OTP, OOB, RECOVERY = FactorKind.OTP, FactorKind.OOB, FactorKind.RECOVERY
BEGUN, PROMISED = FactorState.BEGUN, FactorState.PROMISED

PHONE = Factor("phone", OOB, channel="sms", name="+15551234567", created_at=1)
MAILBOX = Factor("mailbox", OOB, channel="email", name="a@b.test", created_at=2)
APP = Factor("app", OTP, secret="sealed", created_at=3)
PAPER = Factor("paper", RECOVERY, secret="digest", created_at=1)
NEW_APP = Factor("new", OTP, BEGUN, secret="sealed", created_at=4)
SECOND_APP = Factor("second", OTP, PROMISED, secret="sealed", created_at=4)


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ((), ()),
        ((APP, PHONE), (APP, PHONE)),
        ((PAPER,), ()),  # for the day on which the others are lost, not instead of one
        ((NEW_APP, SECOND_APP), ()),
        ((PAPER, NEW_APP, PHONE), (PHONE,)),
    ],
)
def test_enrolled_is_what_a_user_may_be_asked_for(
    factors: tuple[Factor, ...], expected: tuple[Factor, ...]
) -> None:
    """Complete enrolments; a recovery code alone is none."""
    assert enrolled(factors) == expected


@pytest.mark.parametrize(
    ("factors", "kind", "expected"),
    [
        ((NEW_APP,), OTP, (NEW_APP,)),
        ((NEW_APP, PAPER), OTP, (NEW_APP,)),
        ((NEW_APP, APP), OTP, (APP,)),
        ((NEW_APP, PHONE), OTP, ()),
        ((SECOND_APP, APP), OTP, (SECOND_APP, APP)),
        ((SECOND_APP, PHONE), OTP, (SECOND_APP,)),
        ((APP, PHONE), OOB, (PHONE,)),
        ((PAPER, APP), RECOVERY, (PAPER,)),
    ],
)
def test_what_was_begun_with_a_password_alone_never_stands_in_for_what_is_there(
    factors: tuple[Factor, ...], kind: FactorKind, expected: tuple[Factor, ...]
) -> None:
    """It is good as the first factor only (security promise 4)."""
    assert usable(factors, kind) == expected


@pytest.mark.parametrize(
    ("factors", "proven", "reason"),
    [
        ((), False, None),
        ((NEW_APP, PAPER), False, None),
        ((APP,), False, Reason.MFA_REQUIRED),
        ((PHONE, NEW_APP), False, Reason.MFA_REQUIRED),
        ((APP,), True, None),
    ],
)
def test_factors_are_changed_by_who_has_shown_one(
    factors: tuple[Factor, ...], proven: bool, reason: Reason | None
) -> None:
    """A stolen password is not enough to get rid of a second factor."""
    assert refusal(lambda: check_may_change(factors, proven=proven)) is reason


ALL = (PHONE, MAILBOX, APP, PAPER, NEW_APP)


@pytest.mark.parametrize(
    ("kinds", "channel", "id", "expected"),
    [
        ((), None, None, APP),
        (("otp", "oob"), None, None, APP),
        (("oob",), None, None, PHONE),
        (("oob",), "email", None, MAILBOX),
        ((), "email", None, MAILBOX),
        ((), None, "mailbox", MAILBOX),
        (("oob", "push"), None, "phone", PHONE),
    ],
)
def test_the_factor_to_ask_for(
    kinds: tuple[str, ...], channel: str | None, id: str | None, expected: Factor
) -> None:
    """Of what the client can handle; nothing is sent if a code can be computed."""
    assert choose(ALL, kinds, channel=channel, id=id) is expected


@pytest.mark.parametrize(
    ("factors", "kinds", "id", "reason"),
    [
        ((), (), None, Reason.MFA_NOTHING_ENROLLED),
        ((PAPER, NEW_APP), ("otp",), None, Reason.MFA_NOTHING_ENROLLED),
        ((PHONE,), ("otp",), None, Reason.MFA_CHALLENGE_UNSUPPORTED),
        ((APP,), ("push",), None, Reason.MFA_CHALLENGE_UNSUPPORTED),
        ((APP, PHONE), ("otp",), "phone", Reason.MFA_CHALLENGE_UNSUPPORTED),
        ((APP,), (), "somebody else's", Reason.MFA_CHALLENGE_UNSUPPORTED),
        ((APP, PAPER), (), "paper", Reason.MFA_CHALLENGE_UNSUPPORTED),
    ],
)
def test_nothing_to_ask_for(
    factors: tuple[Factor, ...], kinds: tuple[str, ...], id: str | None, reason: Reason
) -> None:
    """Nothing enrolled, or nothing of what the client can handle (auth0 §3.5)."""
    assert refusal(lambda: choose(factors, kinds, id=id)) is reason


def test_the_limits_are_those_of_the_contract() -> None:
    """Ten guesses, one back every six minutes; ten messages an hour (auth0 §3.5)."""
    assert (CODES.capacity, CODES.seconds) == (10, 360)
    assert MESSAGES.capacity * MESSAGES.seconds == 3600


def test_a_recovery_code_is_long_and_easy_to_type() -> None:
    """24 letters and digits of Base32 are 120 bits; chance decides all of them."""
    code = recovery_code("chance")
    assert re.fullmatch(r"[A-Z2-7]{24}", code)
    assert code == base64.b32encode(hashlib.sha256(b"chance").digest()).decode()[:24]
    assert recovery_code("another chance") != code


@pytest.mark.parametrize("typed", ["abcd efgh", " ABCD\tEFGH ", "AbCdEfGh"])
def test_case_and_blanks_of_a_recovery_code_do_not_count(typed: str) -> None:
    """People type it from paper; what is kept is a SHA-256."""
    assert recovery_digest(typed) == hashlib.sha256(b"ABCDEFGH").hexdigest()


def test_garbage_has_a_digest_too() -> None:
    """Whatever was typed, it is just wrong."""
    assert len(recovery_digest("\ud800")) == 64


def test_a_barcode_reads_back_as_seed_issuer_and_account() -> None:
    """The form that authenticator applications agree on; names are escaped."""
    parts = urlsplit(barcode_uri("JBSWY3DP", "Contoso & Sons", "a:b@c.test"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Contoso%20%26%20Sons:a%3Ab%40c.test"
    assert parse_qs(parts.query) == {
        "secret": ["JBSWY3DP"],
        "issuer": ["Contoso & Sons"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
