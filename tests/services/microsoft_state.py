"""Who is known to the stand-in for Entra ID and AD FS, and what it says of them.

How it is asked and answers is told in microsoft_oauth.py and microsoft_trust.py.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from ostiary.keys.local_ca import LocalTls
from tests.services.inbox import Inbox
from tests.services.microsoft_tokens import Lies, Signer, epoch, object_id, pairwise

PASSWORD = "Passw0rd!"
TENANT = "11111111-2222-4333-8444-555555555555"
PUBLIC = "6731de76-14a6-49ae-97bc-6eba6914391e"
CONFIDENTIAL = "9f1f4b1e-0f5c-4d55-8f1b-7e8f2f4c0c11"
SECRET = "s3cret~value&more"
CLOUD, FEDERATED = "cloud.example.test", "fed.example.test"
STATES = {
    "disabled": 50057,
    "locked": 50053,
    "expired": 50055,
    "mfa": 50076,
    "consent": 65001,
    "blocked": 53003,
}
"""Entra's numbers, by local part of a name."""
WRONG, NOBODY = 50126, 50034


@dataclass(frozen=True)
class Asked:
    """One request, as it came; passwords and secrets are blotted out."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: str = ""


@dataclass
class Microsoft:
    """A running service.

    people: alice and bob @cloud.example.test and @fed.example.test, with PASSWORD;
    tests may add some. At both domains those in STATES, and `aadsts<number>`, are
    refused with that number once their password is right; others do not exist.
    aliases: what a person may also be called, and whom that means.
    """

    host: str
    tls: LocalTls
    signer: Signer
    port: int = 0
    people: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    inbox: Inbox[Asked] = field(default_factory=Inbox)
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Let the usual people in."""
        for domain in (CLOUD, FEDERATED):
            self.people |= {f"{who}@{domain}": PASSWORD for who in ("alice", "bob")}

    @property
    def lies(self) -> Lies:
        """What it tells wrongly just now."""
        return self.signer.lies

    def reset(self) -> None:
        """Be honest again, and forget what was asked."""
        self.signer.lies = Lies()
        self.inbox = Inbox()

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"https://{self.host}:{self.port}"

    @property
    def entra(self) -> str:
        """Option `authority` of strategy `waad`."""
        return f"{self.url}/{TENANT}"

    @property
    def adfs(self) -> str:
        """Option `authority` of strategy `adfs`."""
        return f"{self.url}/adfs"

    @property
    def mex(self) -> str:
        """Option `wstrust_metadata` of strategy `adfs`."""
        return f"{self.url}/adfs/services/trust/mex"

    @property
    def ca(self) -> str:
        """Option `ca`."""
        return str(self.tls.ca_path)

    @property
    def signing_certificate(self) -> str:
        """Option `signing_certificate` of strategy `adfs`."""
        return str(self.signer.certificate_path)

    def asked(self, ending: str) -> list[Asked]:
        """The requests whose path ends like that."""
        return self.inbox.found(lambda asked: asked.path.endswith(ending))

    def refusal(self, user: str, password: str) -> int | None:
        """Entra's number for a user and a password; None: they are right."""
        name = self.aliases.get(user.lower(), user.lower())
        local, _, domain = name.partition("@")
        state = STATES.get(local)
        if found := re.fullmatch(r"aadsts(\d+)", local):
            state = int(found[1])
        if (state is None and name not in self.people) or domain == "":
            return NOBODY
        if password != self.people.get(name, PASSWORD):
            return WRONG
        return state

    def id_token(self, user: str, client: str, issuer: str) -> str:
        """What the service says of a user to a client."""
        name = self.aliases.get(user.lower(), user)
        given = name.split("@")[0].title()
        claims: dict[str, object] = {
            "iss": issuer,
            "aud": client,
            "iat": epoch(),
            "nbf": epoch(),
            "exp": epoch() + 3600,
            "sub": pairwise(name, client),
        }
        if issuer == self.adfs:
            claims |= {"upn": name, "unique_name": f"FED\\{name.split('@')[0]}"}
        else:
            claims |= {"oid": object_id(name), "tid": TENANT, "ver": "2.0"}
            claims |= {"preferred_username": name, "name": f"{given} Liddell"}
            claims |= {"given_name": given, "family_name": "Liddell", "email": name}
        return self.signer.jwt(claims)

    def tokens(self, form: Mapping[str, str], issuer: str) -> dict[str, object]:
        """The answer to a right password."""
        made: dict[str, object] = {
            "token_type": "Bearer",
            "scope": form.get("scope", ""),
            "expires_in": 3599,
            "access_token": "opaque-to-clients",
        }
        if "openid" in form.get("scope", "").split():
            client = form["client_id"]
            made["id_token"] = self.id_token(form["username"], client, issuer)
        return made
