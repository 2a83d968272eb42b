"""Which sign-ins the demo makes: the same user, once by each wire.

What they send; how it is sent and shown is told elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ostiary.demo.instance import Instance


@dataclass(frozen=True, slots=True)
class SignIn:
    """A form to post; `title` stands over what comes back."""

    title: str
    endpoint: str
    form: tuple[tuple[str, str], ...]


def sign_ins(instance: Instance) -> Iterator[SignIn]:
    """Entra's token endpoint, then Auth0's /oauth/ro where that is open."""
    who = (("username", instance.username), ("password", instance.password))
    scope = f"openid profile email offline_access {instance.scope}"
    yield SignIn(
        f"{instance.username} signs in by the password grant",
        f"{instance.authority}/oauth2/v2.0/token",
        (
            ("grant_type", "password"),
            ("client_id", instance.client_id),
            *who,
            ("scope", scope),
        ),
    )
    half = instance.auth0
    if half is not None and half.legacy_client_id is not None:
        yield SignIn(
            f"{instance.username} signs in by Auth0's /oauth/ro",
            f"https://{half.domain}/oauth/ro",
            (
                ("grant_type", "password"),
                ("client_id", half.legacy_client_id),
                ("connection", half.connection),
                *who,
                ("scope", "openid profile"),
            ),
        )
