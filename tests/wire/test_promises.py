"""The public promises about the password grant, at every Entra door.

Ids are those of the promises' forty cases; what clients, tokens and nodes are promised
stands in the files beside this one.
"""

import json
import uuid
from collections.abc import Callable

import httpx
import pytest

from tests.wire.answers import assert_error, without_ids
from tests.wire.client import FORM, Form, WireClient, encode
from tests.wire.entra.cases import (
    DOORS,
    GRAPH,
    PUB,
    TID,
    TOKEN,
    UNTOUCHED,
    p,
    signing_in,
    token_path,
)
from tests.wire.instance import Instance

WRONG = "Wrong-123456!"

FreshUser = Callable[[str], str]


def identical(answers: list[httpx.Response]) -> None:
    """Equal in status, headers and body, apart from ids and times."""
    first, *others = (without_ids(answer) for answer in answers)
    for other in others:
        assert other == first


@pytest.mark.parametrize("door", DOORS)
def test_ropc_01_no_answer_tells_whether_an_account_exists(
    wire: WireClient, door: str, fresh_user: FreshUser
) -> None:
    """Unknown user, wrong password, disabled, passwordless, guest, federated: one
    answer.
    """
    names = (
        f"nobody-{uuid.uuid4()}@contoso.test",
        fresh_user("contoso.test"),
        "bob@contoso.test",
        "heidi@contoso.test",
        "carol@contoso.test",
        "dave@contoso.test",
        "erin_fabrikam.test#EXT#@contoso.test",
        "frank@corp.test",
    )
    password = f"Wrong-{uuid.uuid4()}"
    answers = [wire.post(door, p(username=n, password=password)) for n in names]
    assert_error(answers[0], 400, "invalid_grant", 50126)
    identical(answers)


def test_ropc_01_names_of_nobody_lock_alike(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """Promise 3: a name that does not exist locks after as many wrong passwords."""
    name = f"nobody-{uuid.uuid4()}@contoso.test"
    real = fresh_user("contoso.test")
    for number in range(11):
        wrong = f"Wrong-number-{number}"
        answers = [
            wire.post(TOKEN, p(username=n, password=wrong)) for n in (name, real)
        ]
        identical(answers)
    assert_error(answers[0], 400, "invalid_grant", 50053)


@pytest.mark.parametrize("where", ["client", "tenant"])
def test_ropc_03_the_grant_is_off_until_it_is_turned_on(
    wire: WireClient, ostiary: Instance, where: str
) -> None:
    """Right and wrong password get one answer, and neither is looked at."""
    if where == "client":
        path, form = TOKEN, p(client_id=UNTOUCHED)
    else:
        path, form = token_path("closed.test"), signing_in("closed.test")
    before = ostiary.guesses()
    answers = [
        wire.post(path, {**form, "password": w}) for w in (form["password"], WRONG)
    ]
    assert_error(answers[0], 400, "unauthorized_client", 70003)
    identical(answers)
    assert ostiary.guesses() == before


def test_ropc_05_no_parameter_may_come_twice(
    wire: WireClient, ostiary: Instance
) -> None:
    """In the body, or in body and address: malformed, and the password unseen."""
    form = p(username="ivan@contoso.test", password=WRONG, resource=GRAPH, extra="1")
    body, before = encode(form), ostiary.guesses()
    for name in form:
        for value in (form[name], "another"):
            double = f"{body}&{encode({name: value})}"
            answer = wire.post(TOKEN, double.encode())
            assert_error(answer, 400, "invalid_request", 9002313)
            answer = wire.post(f"{TOKEN}?{encode({name: value})}", form)
            assert_error(answer, 400, "invalid_request", 9002313)
    assert ostiary.guesses() == before


def test_ropc_05_another_spelling_of_a_name_is_the_same_name(
    wire: WireClient, ostiary: Instance
) -> None:
    """`pass%77ord` is `password`."""
    before = ostiary.guesses()
    double = f"{encode(p(password=WRONG))}&pass%77ord=another"
    answer = wire.post(TOKEN, double.encode())
    assert_error(answer, 400, "invalid_request", 9002313)
    assert ostiary.guesses() == before


SENSITIVE = ["password", "client_secret", "client_assertion", "refresh_token"]


@pytest.mark.parametrize("name", SENSITIVE)
def test_ropc_06_a_credential_in_the_address_is_refused(
    wire: WireClient, ostiary: Instance, name: str
) -> None:
    """Even beside a complete body; nothing of it is written down anywhere."""
    before, marked = ostiary.guesses(), f"Marked-{uuid.uuid4()}"
    form = p(username="ivan@contoso.test", password=WRONG)
    form.pop(name, None)
    for spelled in (name, name.upper(), f"%{ord(name[0]):02x}{name[1:]}"):
        answer = wire.post(f"{TOKEN}?{spelled}={marked}", form)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert marked not in answer.text
    assert ostiary.guesses() == before
    for place, content in ostiary.kept().items():
        assert marked.encode() not in content, place


@pytest.mark.parametrize(
    "name",
    ["username", "password", "client_id", "scope", "grant_type", "other", "a%00b"],
)
def test_ropc_10_nul_is_in_no_field(
    wire: WireClient, ostiary: Instance, name: str
) -> None:
    """Wherever it stands: malformed, untouched."""
    before = ostiary.guesses()
    form = p(username="ivan@contoso.test", password=WRONG)
    value = form.pop(name, "x")
    for nul in (f"{value}%00", "%00", f"%00{value}"):
        answer = wire.post(TOKEN, f"{encode(form)}&{name}={nul}".encode())
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
    assert ostiary.guesses() == before


@pytest.mark.parametrize("door", DOORS)
def test_ropc_12_a_password_must_be_sent(
    wire: WireClient, ostiary: Instance, door: str
) -> None:
    """Empty or missing, for users and nobodies: identical, untouched."""
    before = ostiary.guesses()
    answers = [
        wire.post(door, p(username=name, password=password))
        for name in ("alice@contoso.test", "nobody@contoso.test")
        for password in ("", None)
    ]
    assert_error(answers[0], 400, "invalid_request", 900144, naming="password")
    identical(answers)
    assert ostiary.guesses() == before


@pytest.mark.parametrize("alias", ["common", "consumers"])
@pytest.mark.parametrize("version", ["/v2.0", ""])
def test_ropc_17_common_and_consumers_see_no_password(
    wire: WireClient, ostiary: Instance, alias: str, version: str
) -> None:
    """9001023, and nothing was counted."""
    before = ostiary.guesses()
    answer = wire.post(token_path(alias, version), p(password=WRONG))
    assert_error(answer, 400, "invalid_request", 9001023)
    assert ostiary.guesses() == before


@pytest.mark.parametrize("door", DOORS)
def test_ropc_20_a_second_factor_cannot_be_skipped(wire: WireClient, door: str) -> None:
    """The right password alone never gets a token; a wrong one is BADCRED."""
    form = p(username="carol@contoso.test")
    answer = wire.post(door, form)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_grant", "interaction_required")
    assert answer.json()["error_codes"] == [50076]
    assert not {"access_token", "id_token", "refresh_token"} & answer.json().keys()
    wrong = wire.post(door, {**form, "password": WRONG})
    assert_error(wrong, 400, "invalid_grant", 50126)


@pytest.mark.parametrize("what", ["agent", "scopes", "correlation"])
def test_ropc_21_oversized_fields_are_4xx_or_one_record(
    wire: WireClient, ostiary: Instance, what: str, fresh_user: FreshUser
) -> None:
    """50 kB User-Agent, 5,000 repeated scopes, 8 kB correlation id."""
    user = fresh_user("contoso.test")
    form, headers = p(username=user), {}
    if what == "agent":
        headers = {"user-agent": "a" * 50_000}
    elif what == "scopes":
        form["scope"] = " ".join(["user.read"] * 5000)
    else:
        headers = {"client-request-id": "8" * 8192}
    answer = wire.post(TOKEN, form, headers)
    rows = ostiary.rows(
        "SELECT outcome, user_agent FROM audit WHERE username = ?", user
    )
    if answer.status_code == 200:
        assert [row[0] for row in rows] == ["granted"]
        assert len(rows[0][1]) <= 1024
    else:
        assert 400 <= answer.status_code < 500


def test_every_refusal_of_a_known_request_leaves_one_record(
    wire: WireClient, ostiary: Instance
) -> None:
    """Promise 10: granted or refused, one audit record with the true reason."""
    expected: list[tuple[Form, str, str]] = [
        (p(scope="openid"), "granted", ""),
        (p(username="nobody@contoso.test"), "refused", "user_unknown"),
        (p(username="lee@contoso.test", password=WRONG), "refused", "password_wrong"),
        (p(username="carol@contoso.test"), "refused", "mfa_required"),
        (p(client_id=str(uuid.UUID(int=1))), "refused", "client_unknown"),
        (p(client_secret="x"), "refused", "client_credential_unwanted"),
        (p(scope="No.Such"), "refused", "scope_unknown"),
        (p(password=None), "refused", "parameter_missing"),
        (p(grant_type="foo"), "refused", "grant_unsupported"),
    ]
    for form, outcome, reason in expected:
        correlation = str(uuid.uuid4())
        wire.post(TOKEN, form, {"client-request-id": correlation})
        assert ostiary.records(correlation) == [(outcome, reason)]


def test_log_01_passwords_typed_elsewhere_are_not_kept(
    wire: WireClient, ostiary: Instance
) -> None:
    """In the place of the name, as JSON, as Basic, in a path of nothing."""
    marked = f"Marked-{uuid.uuid4()}"
    wire.post(TOKEN, p(username=marked, password=marked))
    wire.post(TOKEN, p(username=f"{marked}@contoso.test"))
    wire.post(TOKEN, p(username=f"P@{marked}"))
    body = json.dumps({"password": marked}).encode()
    wire.send("POST", TOKEN, body, {"content-type": "application/json"})
    wire.post(TOKEN, p(client_id=None), {"authorization": f"Basic {marked}"})
    wire.get(f"/{TID}/{marked}?password={marked}", {"authorization": marked})
    wire.send("POST", f"/{TID}/nothing", marked.encode(), {"content-type": FORM})
    wire.post(TOKEN, p(client_id=PUB, password=marked, username="ivan@contoso.test"))
    for place, content in ostiary.kept().items():
        assert marked.encode() not in content, place
