"""MSAL Python's application objects as applications make them."""

from typing import Any

import msal
import requests

Facts = dict[str, Any]
Answer = dict[str, Any]

SCOPES = ["User.Read"]


class KeepPort(requests.Session):
    """An `http_client` that puts the port back on the realm question."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self.verify = facts["ca"]
        self.base = facts["base"]
        self.asked: list[str] = []

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Any:
        """As ever, at our port."""
        without_port = self.base.rpartition(":")[0] + "/"
        url = str(url).replace(without_port, f"{self.base}/", 1)
        self.asked.append(url)
        return super().request(method, url, *args, **options)


def public(facts: Facts, authority: str, client: str = "public", **options: Any) -> Any:
    """A public client application."""
    options.setdefault("instance_discovery", False)
    if "http_client" not in options:
        options["verify"] = facts["ca"]
    return msal.PublicClientApplication(facts[client], authority=authority, **options)


def confidential(facts: Facts, credential: Any, **options: Any) -> Any:
    """A confidential client application."""
    options.setdefault("authority", f"{facts['base']}/contoso.test")
    client = facts["confidential" if isinstance(credential, str) else "certificate"]
    return msal.ConfidentialClientApplication(
        client,
        client_credential=credential,
        instance_discovery=False,
        verify=facts["ca"],
        **options,
    )


def signed_in(
    facts: Facts, app: Any, user: str = "alice", password: str = ""
) -> Answer:
    """The answer to a user name and a password."""
    answer: Answer = app.acquire_token_by_username_password(
        facts.get(user, user), password or facts["password"], scopes=SCOPES
    )
    return answer


def any_port(
    facts: Facts, client: str = "public", path: str = "contoso.test", **options: Any
) -> Any:
    """An application that asks at our port."""
    session = KeepPort(facts)
    authority = f"{facts['base']}/{path}"
    return public(facts, authority, client, http_client=session, **options)
