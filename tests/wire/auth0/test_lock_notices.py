"""Locks are told by mail, and end by its link (contract auth0 §5, brute force).

That guessing locks at all is tested with the refusals.
"""

from tests.services.mailsink import MailSink
from tests.wire.auth0.conftest import Auth0Client, Fresh, refused
from tests.wire.auth0.test_recovery import NEW, ask, dead, link, opened, post


def lock(d: Auth0Client, name: str) -> None:
    """Ten different wrong passwords over both doors."""
    for number in range(5):
        refused(
            d.ro(username=name, password=f"w{number}"), 401, "invalid_user_password"
        )
        refused(d.tk(username=name, password=f"v{number}"), 403, "invalid_grant")
    refused(d.ro(username=name), 429, "too_many_attempts")


def test_the_owner_is_told_once_and_may_end_the_lock(
    d: Auth0Client, mails: MailSink, fresh: Fresh
) -> None:
    """The page alone ends nothing, as mail programs follow links; its button does."""
    name = fresh()
    address = f"{name}@example.test"
    lock(d, name)
    refused(d.ro(username=name, password="more"), 429, "too_many_attempts")
    path = link(mails, address)
    form = opened(d, path)
    assert set(form.fields) == {"ticket"}
    refused(d.ro(username=name), 429, "too_many_attempts")
    dead(post(d, form, {"sec-fetch-site": "cross-site"}))
    refused(d.ro(username=name), 429, "too_many_attempts")
    page = post(d, form)
    assert (page.status_code, "unblocked" in page.text) == (200, True)
    assert d.ro(username=name).status_code == 200
    dead(post(d, form))
    dead(d.wire.get(path))
    mails.inbox.stays(lambda mail: address in mail.to, 1)


def test_a_changed_password_ends_the_lock(
    d: Auth0Client, mails: MailSink, fresh: Fresh
) -> None:
    """Contract auth0 §5: "user changes the password" ends a block."""
    name = fresh()
    address = f"{name}@example.test"
    lock(d, name)
    mails.to(address)
    ask(d, address)
    form = opened(d, link(mails, address, 2))
    assert post(d, form, password=NEW, confirm=NEW).status_code == 200
    assert d.ro(username=name, password=NEW).status_code == 200


def test_an_unblocking_ticket_sets_no_password(
    d: Auth0Client, mails: MailSink, fresh: Fresh
) -> None:
    """A ticket is good for its own purpose only."""
    name = fresh()
    lock(d, name)
    path = link(mails, f"{name}@example.test")
    dead(d.wire.get(path.replace("/lo/unblock", "/lo/reset")))


def test_nobody_is_told_of_locks_of_nobody(d: Auth0Client, mails: MailSink) -> None:
    """A name without an account locks like any other, in silence."""
    lock(d, "ghost-of-mail@example.test")
    mails.inbox.stays(lambda mail: "ghost-of-mail@example.test" in mail.to, 0)


def test_a_tenant_without_mail_tells_nobody(
    contoso: Auth0Client, mails: MailSink, fresh: Fresh
) -> None:
    """The lock is the same."""
    name = fresh()
    lock(contoso, name)
    mails.inbox.stays(lambda mail: f"{name}@example.test" in mail.to, 0)
