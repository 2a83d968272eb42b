"""Case A118 of contract auth0 §9 and WEB-01: a new password by mail, and its page.

The page is driven as a browser without scripts would: its own form is posted.
"""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.services.mailsink import MailSink
from tests.wire.auth0.conftest import DB, PW, Auth0Client, Fresh, refused
from tests.wire.auth0.test_signup import GOOD, sign_up
from tests.wire.instance import Instance

SENTENCE = "We've just sent you an email to reset your password."
NEW = "Another-Good-One-5"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


def ask(d: Auth0Client, email: object, **changes: Any) -> httpx.Response:
    """Ask for a new password by the client LEG."""
    body = {"client_id": "LEG", "connection": DB, "email": email}
    return d.post("/dbconnections/change_password", {**body, **changes})


def link(mails: MailSink, address: str, count: int = 1) -> str:
    """Path and query of the link in the newest mail of `count` for an address."""
    text = mails.to(address, count)[-1].text
    found = re.search(r"^https://\S+$", text, re.M)
    assert found, text
    parts = urlsplit(found[0])
    return f"{parts.path}?{parts.query}"


class Form(HTMLParser):
    """The one form of a page: where it posts, and what it holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and inputs."""
        known = dict(attrs)
        if tag == "form":
            assert known["method"] == "post"
            self.action = known["action"] or ""
        if tag == "input":
            self.fields[known["name"] or ""] = known.get("value") or ""


def post(
    d: Auth0Client, form: Form, headers: dict[str, str] | None = None, **fields: str
) -> httpx.Response:
    """Post a form as the page says, with what was typed into it."""
    assert form.action.startswith(d.wire.address)
    path = urlsplit(form.action).path
    sent = {**form.fields, **fields}
    return d.wire.post(path, sent, SAME_ORIGIN if headers is None else headers)


def opened(d: Auth0Client, path: str) -> Form:
    """The form behind a link."""
    page = d.wire.get(path)
    assert page.status_code == 200, page.text
    return Form(page.text)


def newcomer(d: Auth0Client, box: Fresh) -> str:
    """Somebody who just signed up, with the password GOOD."""
    address = box()
    assert sign_up(d, address).status_code == 200
    return address


def dead(page: httpx.Response) -> None:
    """403, and a page that says what to do."""
    assert page.status_code == 403
    assert "not good any longer" in page.text


def test_a118_the_answer_is_always_the_same_sentence(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Known, unknown, with a null and with a password; the old one stays good."""
    address = newcomer(d, box)
    answers = [
        ask(d, address),
        ask(d, box()),
        ask(d, address, password=None),
        ask(d, address, password="New1!"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.text) == (200, SENTENCE)
        assert answer.headers["content-type"].startswith("text/html")
    assert len({answer.content for answer in answers}) == 1
    kept = [
        {
            name: value
            for name, value in answer.headers.items()
            if name not in ("date", "x-auth0-requestid")
        }
        for answer in answers
    ]
    assert kept.count(kept[0]) == 4
    mails.to(address, 3)
    assert d.ro(username=address, password=GOOD).status_code == 200


def test_a_new_password_by_the_page_behind_the_link(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """The whole way: mail, page, form; the new one works and the old one does not."""
    address = newcomer(d, box)
    ask(d, address)
    form = opened(d, link(mails, address))
    assert set(form.fields) == {"ticket", "password", "confirm"}
    page = post(d, form, password=NEW, confirm=NEW)
    assert page.status_code == 200
    assert "was changed" in page.text
    answer = d.ro(username=address, password=NEW, scope="openid email_verified")
    assert answer.status_code == 200
    refused(d.ro(username=address, password=GOOD), 401, "invalid_user_password")


def test_every_session_ends_with_the_old_password(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Refresh tokens and access tokens of before are dead (promise 5)."""
    address = newcomer(d, box)
    known = {"username": address, "password": GOOD, "audience": "https://api.test"}
    before = d.tk(**known, scope="openid offline_access").json()
    token = d.ro(username=address, password=GOOD).json()["access_token"]
    ask(d, address)
    form = opened(d, link(mails, address))
    assert post(d, form, password=NEW, confirm=NEW).status_code == 200
    sent = {
        "client_id": "OIDC",
        "grant_type": "refresh_token",
        "refresh_token": before["refresh_token"],
    }
    refused(d.post("/oauth/token", sent), 403, "invalid_grant")
    bearer = {"authorization": f"Bearer {token}"}
    assert d.get("/userinfo", bearer).status_code == 401


def test_a_link_works_once(d: Auth0Client, mails: MailSink, box: Fresh) -> None:
    """After that neither its page nor its form does anything."""
    address = newcomer(d, box)
    ask(d, address)
    path = link(mails, address)
    form = opened(d, path)
    assert post(d, form, password=NEW, confirm=NEW).status_code == 200
    dead(d.wire.get(path))
    dead(post(d, form, password="Third-Good-One-6", confirm="Third-Good-One-6"))
    assert d.ro(username=address, password=NEW).status_code == 200


def test_only_the_newest_link_is_good(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Looking at the older one, however often, does not hurt the newer one."""
    address = newcomer(d, box)
    ask(d, address)
    older = link(mails, address, 1)
    ask(d, address)
    newer = link(mails, address, 2)
    for _ in range(5):
        dead(d.wire.get(older))
    assert post(d, opened(d, newer), password=NEW, confirm=NEW).status_code == 200


def test_a_link_is_dead_once_the_password_is_another_one(
    d: Auth0Client, mails: MailSink, fresh: Fresh, auth0_server: Instance
) -> None:
    """Whoever changed it in the meantime."""
    name = fresh()
    address = f"{name}@example.test"
    ask(d, address)
    path = link(mails, address)
    opened(d, path)

    def change(document: Any) -> None:
        for user in document["tenants"][0]["users"]:
            if user.get("login") == name:
                user["password"] = "Set-By-The-Admin-1"

    auth0_server.apply(change)
    dead(d.wire.get(path))
    assert d.ro(username=name, password="Set-By-The-Admin-1").status_code == 200


@pytest.mark.parametrize(
    ("password", "confirm", "told"),
    [
        ("short", "short", "at least 8 characters"),
        ("password1", "password1", "many people use"),
        ("AUTH0-TEST-abc", "AUTH0-TEST-abc", "since a leak"),
        (NEW, NEW + "x", "not the same"),
        (NEW, "", "not the same"),
        ("x" * 4097, "x" * 4097, "too long"),
    ],
)
def test_a_password_that_is_not_taken_is_told_on_the_page(
    d: Auth0Client, mails: MailSink, box: Fresh, password: str, confirm: str, told: str
) -> None:
    """With the form once more: the link stays good until it was used."""
    address = newcomer(d, box)
    ask(d, address)
    form = opened(d, link(mails, address))
    page = post(d, form, password=password, confirm=confirm)
    assert page.status_code == 400
    assert told in page.text
    assert d.ro(username=address, password=GOOD).status_code == 200
    again = Form(page.text)
    assert again.fields["ticket"] == form.fields["ticket"]
    assert again.fields["password"] == ""
    assert post(d, again, password=NEW, confirm=NEW).status_code == 200


def test_ones_own_name_is_no_password(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Told on the page, in words of its own."""
    address = box()
    sign_up(d, address, given_name="Wilhelmina")
    ask(d, address)
    form = opened(d, link(mails, address))
    page = post(d, form, password="wilhelmina-99", confirm="wilhelmina-99")
    assert (page.status_code, "your name" in page.text) == (400, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://localhost"},
        {"origin": "https://evil.test", "sec-fetch-site": "cross-site"},
    ],
)
def test_web_01_a_form_posted_from_elsewhere_changes_nothing(
    d: Auth0Client, mails: MailSink, box: Fresh, headers: dict[str, str]
) -> None:
    """403, and the link is as good as before."""
    address = newcomer(d, box)
    ask(d, address)
    form = opened(d, link(mails, address))
    dead(post(d, form, headers, password=NEW, confirm=NEW))
    assert d.ro(username=address, password=GOOD).status_code == 200
    assert post(d, form, password=NEW, confirm=NEW).status_code == 200


def test_web_01_foreign_tickets_change_nothing(
    d: Auth0Client, contoso: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Made up, cut, of another purpose, of another tenant, or a token: 403."""
    address = newcomer(d, box)
    ask(d, address)
    path = link(mails, address)
    form = opened(d, path)
    ticket = form.fields["ticket"]
    tokens = d.ro(username=address, password=GOOD).json()
    for foreign in (
        "",
        "x",
        ticket[:-1],
        ticket[:-2] + ("A" if ticket[-2] != "A" else "B") + ticket[-1],
        tokens["access_token"],
        tokens["id_token"],
    ):
        dead(post(d, form, ticket=foreign, password=NEW, confirm=NEW))
        dead(d.get(f"/lo/reset?ticket={foreign}"))
    dead(d.get(f"/lo/unblock?ticket={ticket}"))
    dead(contoso.get(f"/lo/reset?ticket={ticket}"))
    elsewhere = {**form.fields, "password": NEW, "confirm": NEW}
    dead(d.wire.post("/contoso/lo/reset", elsewhere, SAME_ORIGIN))
    assert d.ro(username=address, password=GOOD).status_code == 200
    assert post(d, form, password=NEW, confirm=NEW).status_code == 200


def test_a_ticket_is_no_token(d: Auth0Client, mails: MailSink, box: Fresh) -> None:
    """Sealed by the same key, and still good for nothing else."""
    address = newcomer(d, box)
    ask(d, address)
    ticket = opened(d, link(mails, address)).fields["ticket"]
    bearer = {"authorization": f"Bearer {ticket}"}
    assert d.get("/userinfo", bearer).status_code == 401


def test_the_page_keeps_its_secrets(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """No script, no frame, no cache, no referrer; the ticket stands in no log."""
    address = newcomer(d, box)
    ask(d, address)
    path = link(mails, address)
    page = d.wire.get(path)
    policy = {
        name: rest
        for name, _, rest in (
            part.strip().partition(" ")
            for part in page.headers["content-security-policy"].split(";")
        )
    }
    assert policy == {
        "default-src": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "set-cookie" not in page.headers
    wrong = d.get("/lo/reset?ticket=%3Cscript%3E")
    assert "<script" not in wrong.text
    assert wrong.headers["content-security-policy"].startswith("default-src 'none'")


def test_links_lead_to_the_configured_domain(
    d: Auth0Client, mails: MailSink, box: Fresh
) -> None:
    """Whatever host the request named (promise 7); the prefix of a tenant included."""
    address = newcomer(d, box)
    hostile = {"x-forwarded-host": "evil.test", "forwarded": "host=evil.test"}
    body = {"client_id": "LEG", "connection": DB, "email": address}
    d.post("/dbconnections/change_password", body, hostile)
    text = mails.newest(address).text
    assert f"{d.wire.address}/lo/reset?ticket=" in text
    assert "evil" not in text


def test_mails_go_to_living_accounts_only(d: Auth0Client, mails: MailSink) -> None:
    """Not to a blocked one, not to nobody, and never to the address that was typed."""
    ask(d, "bob@example.test")
    ask(d, "ghost@example.test")
    ask(d, "alice")
    assert len(mails.to("alice@example.test")) == 1
    for address in ("bob@example.test", "ghost@example.test", "alice"):
        mails.inbox.stays(lambda mail, to=address: to in mail.to, 0)  # type: ignore[misc]


def test_a_tenant_without_mail_sends_none(
    contoso: Auth0Client, mails: MailSink, auth0_server: Instance
) -> None:
    """The same sentence, and the log says why nobody got anything."""
    answer = ask(contoso, "alice@example.test")
    assert (answer.status_code, answer.text) == (200, SENTENCE)
    query = (
        "SELECT COUNT(*) FROM audit WHERE reason = 'message_failed' AND tenant_id = ?"
    )
    tenant = "99999999-0000-4000-8000-000000000002"
    mails.inbox.stays(lambda mail: "contoso" in mail.text, 0)
    assert auth0_server.rows(query, tenant) == [(1,)]


@pytest.mark.parametrize(
    ("changes", "status", "error", "told"),
    [
        ({"client_id": None}, 400, "invalid_request", "missing client_id parameter"),
        ({"client_id": "nope"}, 403, "unauthorized_client", "invalid client"),
        ({"connection": None}, 400, "invalid_request", "missing connection parameter"),
        ({"connection": "x"}, 400, "invalid_request", "the connection was not found"),
        (
            {"connection": "sms"},
            400,
            "invalid_request",
            "specified strategy does not support requested operation",
        ),
        ({"email": None}, 400, "invalid_request", "missing email parameter"),
    ],
)
def test_what_is_wrong_with_the_request_itself(
    d: Auth0Client, changes: dict[str, Any], status: int, error: str, told: str
) -> None:
    """Nothing of that depends on whether somebody is there."""
    answer = ask(d, **{"email": "alice@example.test", **changes})
    assert refused(answer, status, error) == told


def test_too_many_for_one_address_are_refused(d: Auth0Client) -> None:
    """Ten at once, for an address of nobody too; then 429 with the limit's headers."""
    nobody = "flooded@mail.test"
    for _ in range(10):
        assert ask(d, nobody).status_code == 200
    answer = ask(d, nobody.upper())
    refused(answer, 429, "too_many_requests")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["x-ratelimit-limit"] == "10"
    assert int(answer.headers["x-ratelimit-reset"]) > 0
    assert ask(d, "other@mail.test").status_code == 200


def test_the_old_password_is_good_until_then(
    d: Auth0Client, mails: MailSink, fresh: Fresh
) -> None:
    """Asking for a new one is nothing that could lock somebody out."""
    name = fresh()
    ask(d, f"{name}@example.test")
    opened(d, link(mails, f"{name}@example.test"))
    assert d.ro(username=name, password=PW).status_code == 200


def test_no_ticket_and_no_new_password_is_kept(
    d: Auth0Client, mails: MailSink, box: Fresh, auth0_server: Instance
) -> None:
    """Neither in the store nor in the log (promise 9)."""
    address, secret = newcomer(d, box), "Never-To-Be-Kept-81"
    ask(d, address)
    form = opened(d, link(mails, address))
    assert post(d, form, password=secret, confirm=secret).status_code == 200
    ticket = form.fields["ticket"]
    for path, content in auth0_server.kept().items():
        assert ticket.encode() not in content, path
        assert ticket.rpartition("~")[2].encode() not in content, path
        assert secret.encode() not in content, path
