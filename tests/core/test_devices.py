"""What a device's token must say (contract auth0 §2, server check)."""

from typing import Any

import pytest

from ostiary.core.devices import DeviceRules, read_claims, why_not_now

NOW = 1_700_000_000.0
RULES = DeviceRules(2048, "https://login.test/")
FINGERPRINT = "70:72:1A:60:50:2A:42:C1:25:A3:B4:1E:BD:E4:0F:A7"


def why_not(**changes: Any) -> str:
    """What is wrong with usual claims changed by `changes`; None leaves one out."""
    usual = {"iss": "auth0|a", "sub": FINGERPRINT, "iat": NOW - 10, "exp": NOW + 20}
    said = {k: v for k, v in {**usual, **changes}.items() if v is not None}
    claims = read_claims(said)
    assert claims is not None
    return why_not_now(claims, RULES, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exp": NOW - 59},  # leeway
        {"iat": NOW + 60, "exp": NOW + 90},
        {"iat": NOW, "exp": NOW + 300},
        {"aud": "https://login.test/"},
        {"aud": ["https://elsewhere.test/", "https://login.test/"]},
    ],
)
def test_what_is_good(changes: dict[str, Any]) -> None:
    """Times within the leeway of 60 s, a life of 300 s, no audience or ours."""
    assert why_not(**changes) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": None}, "times missing"),
        ({"iat": None}, "times missing"),
        ({"exp": "1700000020"}, "times missing"),
        ({"exp": True}, "times missing"),
        ({"exp": 10**400}, "times missing"),
        ({"exp": float("inf")}, "times missing"),
        ({"iat": NOW - 90, "exp": NOW - 60}, "expired"),
        ({"iat": NOW + 61, "exp": NOW + 90}, "not yet valid"),
        ({"iat": NOW, "exp": NOW + 301}, "lives too long"),
        ({"aud": "https://elsewhere.test/"}, "another audience"),
        ({"aud": []}, "another audience"),
        ({"aud": 5}, "another audience"),
    ],
)
def test_what_is_not(changes: dict[str, Any], why: str) -> None:
    """Each is named for the log; nobody else is told."""
    assert why_not(**changes) == why


@pytest.mark.parametrize(
    "claims",
    [{}, {"iss": "auth0|a"}, {"sub": FINGERPRINT}, {"iss": 1, "sub": FINGERPRINT}],
)
def test_claims_that_name_nobody(claims: dict[str, Any]) -> None:
    """Without a user and a key there is nothing to look up."""
    assert read_claims(claims) is None


@pytest.mark.parametrize(
    "written", [FINGERPRINT.lower(), FINGERPRINT[:-1], FINGERPRINT + ":00", "\0", ""]
)
def test_what_is_no_fingerprint_finds_no_key(written: str) -> None:
    """Sixteen pairs of upper-case digits, nothing else; so nothing odd is asked for."""
    claims = read_claims({"iss": "auth0|a", "sub": written})
    assert claims is not None
    assert claims.fingerprint == ""
