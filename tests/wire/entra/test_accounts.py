"""Cases 23 to 35 of contract entra §12: what accounts, policies, consents forbid."""

import json

import pytest

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import (
    ASSIGN,
    NOCONSENT,
    SINGLE,
    TID,
    TOKEN,
    p,
    signing_in,
    token_path,
)
from tests.wire.instance import Instance

TELLING = token_path("telling.test")
WRONG = "Wrong-123456!"


def at_telling(user: str, **changes: str) -> dict[str, str]:
    return signing_in("telling.test", username=user, **changes)


def test_case_23_a_wrong_password(wire: WireClient, ostiary: Instance) -> None:
    """50126, with the page that explains it."""
    answer = wire.post(TOKEN, p(username="lee@contoso.test", password=WRONG))
    body = assert_error(answer, 400, "invalid_grant", 50126)
    assert body["error_uri"] == f"{ostiary.base}/error?code=50126"
    assert WRONG not in answer.text


def test_case_24_an_unknown_user(wire: WireClient) -> None:
    """Told where the tenant tells it, otherwise like a wrong password."""
    told = wire.post(TELLING, at_telling("nobody@telling.test"))
    assert_error(told, 400, "invalid_grant", 50034)
    hidden = wire.post(TOKEN, p(username="nobody@contoso.test"))
    assert_error(hidden, 400, "invalid_grant", 50126)


def test_case_25_a_user_of_another_tenant(wire: WireClient) -> None:
    """Known elsewhere is not known here, even with the right password."""
    told = wire.post(TELLING, at_telling("zoe@fabrikam.test"))
    assert_error(told, 400, "invalid_grant", (50020, 50034))
    hidden = wire.post(TOKEN, p(username="zoe@fabrikam.test"))
    assert_error(hidden, 400, "invalid_grant", 50126)


@pytest.mark.parametrize("domain", ["contoso.test", "telling.test"])
@pytest.mark.parametrize(
    ("name", "code"), [("bob", 50057), ("heidi", 50055)], ids=["disabled", "expired"]
)
def test_case_26_account_state_is_told_to_the_right_password_only(
    wire: WireClient, domain: str, name: str, code: int
) -> None:
    """Disabled and expired are told after a right password; else 50126."""
    form = signing_in(domain, username=f"{name}@{domain}")
    suberror = "user_password_expired" if code == 50055 else None
    right = wire.post(token_path(domain), form)
    assert_error(right, 400, "invalid_grant", code, suberror)
    wrong = wire.post(token_path(domain), {**form, "password": WRONG})
    assert_error(wrong, 400, "invalid_grant", 50126)


@pytest.mark.parametrize(
    "name", ["dave", "erin_fabrikam.test#EXT#"], ids=["case_27", "case_28"]
)
def test_cases_27_and_28_accounts_without_a_password(
    wire: WireClient, name: str
) -> None:
    """Passwordless accounts and guests: 50056 where told, else 50126."""
    told = wire.post(TELLING, at_telling(f"{name}@telling.test"))
    assert_error(told, 400, "invalid_grant", 50056)
    hidden = wire.post(TOKEN, p(username=f"{name}@contoso.test"))
    assert_error(hidden, 400, "invalid_grant", 50126)


def test_case_29_a_federated_user(wire: WireClient) -> None:
    """Posted straight to the token endpoint: 50126, at every tenant."""
    answer = wire.post(TOKEN, p(username="frank@corp.test"))
    assert_error(answer, 400, "invalid_grant", 50126)
    answer = wire.post(TELLING, at_telling("frank@corp.telling.test"))
    assert_error(answer, 400, "invalid_grant", 50126)


def test_case_30_a_directory_that_is_down_is_no_wrong_password(
    wire: WireClient, ostiary: Instance
) -> None:
    """503 with Retry-After, and no guess is counted (the half without a directory)."""
    before = ostiary.guesses()
    answer = wire.post(TOKEN, p(username="grace@pta.test"))
    assert_error(answer, 503, "temporarily_unavailable", 80001)
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert ostiary.guesses() == before


def test_case_31_a_second_factor_cannot_be_skipped(wire: WireClient) -> None:
    """MFA registered and required: 50076; at v1 `interaction_required`."""
    form = p(username="carol@contoso.test")
    answer = wire.post(TOKEN, form)
    assert_error(answer, 400, "invalid_grant", 50076, "basic_action")
    assert "access_token" not in answer.text
    first = wire.post(f"/{TID}/oauth2/token", form)
    assert_error(first, 400, "interaction_required", 50076, "basic_action")
    wrong = wire.post(TOKEN, {**form, "password": WRONG})
    assert_error(wrong, 400, "invalid_grant", 50126)


def test_case_31_a_policy_that_wants_a_second_factor_says_so(wire: WireClient) -> None:
    """With conditional access: the claims challenge beside 50076 (§6.3)."""
    answer = wire.post(TOKEN, p(username="mona@contoso.test"))
    body = assert_error(answer, 400, "invalid_grant", 50076, "basic_action")
    assert len(json.loads(body["claims"])["access_token"]["capolids"]["values"]) == 1


def test_case_32_a_second_factor_that_is_not_registered(wire: WireClient) -> None:
    """MFA required but not enrolled: 50079."""
    answer = wire.post(TOKEN, p(username="cora@contoso.test"))
    assert_error(answer, 400, "invalid_grant", 50079, "basic_action")


def test_case_33_conditional_access_blocks_after_the_password(
    wire: WireClient,
) -> None:
    """53003 with a claims challenge as text; a wrong password beats it."""
    form = p(username="judy@contoso.test")
    answer = wire.post(TOKEN, form)
    body = assert_error(answer, 400, "invalid_grant", 53003, "message_only")
    assert isinstance(body["claims"], str)
    asked = json.loads(body["claims"])["access_token"]["capolids"]
    assert asked["essential"] is True
    assert len(asked["values"]) == 1
    wrong = wire.post(TOKEN, {**form, "password": WRONG})
    assert_error(wrong, 400, "invalid_grant", 50126)
    first = wire.post(f"/{TID}/oauth2/token", form)
    assert_error(first, 400, "interaction_required", 53003, "message_only")


def test_case_33_the_policy_is_for_its_application_alone(wire: WireClient) -> None:
    """At another application the same user is served."""
    answer = wire.post(TOKEN, p(username="judy@contoso.test", client_id=SINGLE))
    assert_tokens(answer, "refresh_token", "id_token")


def test_case_34_an_unassigned_user(wire: WireClient) -> None:
    """An application that requires assignment."""
    answer = wire.post(TOKEN, p(username="ivan@contoso.test", client_id=ASSIGN))
    assert_error(answer, 400, "invalid_grant", 50105)


def test_case_35_consent_must_exist(wire: WireClient) -> None:
    """65001 as an integer, suberror `consent_required`, no `error_uri`."""
    answer = wire.post(TOKEN, p(client_id=NOCONSENT))
    body = assert_error(answer, 400, "invalid_grant", 65001, "consent_required")
    assert body["error_codes"] == [65001]
    assert "error_uri" not in body
    assert "access_token" not in body
