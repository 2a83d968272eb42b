"""What is written to people, and the servers by which a tenant or connection sends it.

Plain text, one purpose each; handing messages over is the business of the courier.
"""

from collections.abc import Mapping
from dataclasses import replace

from ostiary.core.connections import SEALED, connection_context
from ostiary.core.model import Client, ConnectionSettings, Tenant
from ostiary.flows.manage.declaration import MAIL
from ostiary.flows.manage.sealing import mail_context
from ostiary.flows.ports.messages import Gateway, Mail, MailServer, TextMessage

_NOT_YOU = "If it was not you who asked, ignore this message: nothing has changed.\n"


def tenant_mail_server(tenant: Tenant) -> MailServer | None:
    """Where the tenant's own mails go; None: it sends none (interface §2, `mail`)."""
    options = tenant.options.get(MAIL)
    if not isinstance(options, Mapping):
        return None
    return _mail_server(options, mail_context(tenant.id))


def connection_mail_server(
    tenant: Tenant, settings: ConnectionSettings
) -> MailServer | None:
    """Where the codes of a connection go by mail; None when it is not set up."""
    context = connection_context(tenant.id, settings.name)
    server = _mail_server(settings.options, context)
    return replace(server, restricted=settings.restricted) if server else None


def _mail_server(options: Mapping[str, object], context: str) -> MailServer | None:
    smtp, sender = _text(options, "smtp"), _text(options, "from")
    if smtp is None or sender is None:
        return None
    sealed = options.get(SEALED)
    kept = sealed if isinstance(sealed, Mapping) else {}
    ca = _text(options, "ca")
    return MailServer(smtp, sender, _text(kept, "smtp"), f"{context}:smtp", ca)


def gateway_of(settings: ConnectionSettings) -> Gateway | None:
    """Where the codes of a connection go as text messages; None when not set up."""
    webhook, ca = _text(settings.options, "webhook"), _text(settings.options, "ca")
    return Gateway(webhook, ca, settings.restricted) if webhook else None


def _text(options: Mapping[str, object], name: str) -> str | None:
    value = options.get(name)
    return value if isinstance(value, str) else None


def code_message(to: str, code: str) -> TextMessage:
    """A text message with a one-time code."""
    return TextMessage(to, f"Your verification code is: {code}", code)


def code_mail(to: str, code: str, client: Client, *, by_link: bool) -> Mail:
    """A mail with a one-time code.

    by_link: the application announced a link; what opens it is the code all the same.
    """
    where = client.name or client.client_id
    how = "Type it where you began to sign in."
    if by_link:
        how = "Go back to where you began to sign in, and type it there."
    text = (
        f"Your verification code is: {code}\n\n"
        f"It signs you in to {where}, works once, and lasts for three minutes.\n"
        f"{how}\n\n{_NOT_YOU}"
    )
    return Mail(to, "Your verification code", text)


def factor_mail(to: str, code: str, tenant: Tenant) -> Mail:
    """A mail with a code that is somebody's second factor."""
    text = (
        f"Your verification code is: {code}\n\n"
        f"It confirms that it is you who signs in at {tenant.name}, works once, and "
        "lasts for five minutes.\n\n"
        "If it is not you, somebody knows your password: change it.\n"
    )
    return Mail(to, "Your verification code", text)


def reset_mail(to: str, tenant: Tenant, address: str) -> Mail:
    """A mail with the link to where a new password is set."""
    text = (
        f"Somebody, probably you, wants a new password for your account at "
        f"{tenant.name}.\nSet it here, within an hour:\n\n{address}\n\n"
        f"The link works once; a newer mail replaces it.\n\n{_NOT_YOU}"
    )
    return Mail(to, "Set a new password", text)


def lock_mail(to: str, tenant: Tenant, address: str | None) -> Mail:
    """A mail that tells of a lock, with the link that ends it."""
    text = (
        f"Too many wrong passwords were tried for your account at {tenant.name}, so "
        "it is blocked for some minutes.\n\n"
    )
    if address is not None:
        text += (
            "If that was you, you can unblock it here, within an hour:\n\n"
            f"{address}\n\n"
        )
    text += "If it was somebody else, you need not do anything: they did not get in.\n"
    return Mail(to, "Your account is blocked", text)
