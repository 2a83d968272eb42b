"""What Entra ID and AD FS share as upstreams: options, the grant's form, examination.

Neither the exchange nor its verdicts.
"""

from typing import Final

from ostiary.connections.openid_provider import OpenIdProvider
from ostiary.connections.upstream import Away, Grade, Registered, Remark
from ostiary.core.errors import Reason

SCOPE: Final = "openid profile email"
_MENDS: Final = {
    Reason.DIRECTORY_UNREACHABLE: "see that its host is reachable from here and up",
    Reason.DIRECTORY_TIMEOUT: "see that its host is reachable from here and up",
    Reason.DIRECTORY_MISCONFIGURED: "check the addresses of its options, and `ca`",
    Reason.DIRECTORY_BUSY: "wait; it asks us to come less often",
    Reason.DIRECTORY_LIED: "check that this address is the server's own, and use the "
    "host name by which it calls itself",
}

_NUMBERED: Final = {"AADSTS90002": "check `authority`: there is no such tenant"}


def option(registered: Registered, name: str) -> str:
    """An option that must be there; raises ValueError."""
    value = registered.options.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: missing")
    return value


def grant_form(
    client_id: str, secret: str | None, username: str, password: str
) -> dict[str, str]:
    """The form of the password grant (RFC 6749 §4.3.2, OpenID Connect Core §3.1.2)."""
    form = {"grant_type": "password", "client_id": client_id, "scope": SCOPE}
    if secret is not None:
        form["client_secret"] = secret
    return {**form, "username": username, "password": password}


def remark_of(away: Away) -> Remark:
    """How an operator is told that there is no answer."""
    text = f"no answer that can be used: {away.detail or away.reason.value}"
    mend = _NUMBERED.get(away.detail) or _MENDS.get(away.reason, "")
    return Remark(Grade.FAIL, text, mend)


async def remarks_on(provider: OpenIdProvider) -> tuple[Remark, ...]:
    """Whether metadata and keys can be used, at the price of two requests."""
    try:
        metadata = await provider.metadata(anew=True)
        keys = await provider.keys(anew=True)
    except Away as away:
        return (remark_of(away),)
    remarks = [Remark(Grade.OK, f"it answers as {metadata.issuer}")]
    if keys.by_kid:
        remarks.append(
            Remark(Grade.OK, f"keys that it publishes for signing: {len(keys.by_kid)}")
        )
    else:
        text = "it publishes no RSA key that could prove its tokens"
        remarks.append(Remark(Grade.FAIL, text, "have it sign by RS256"))
    text = "whether it knows our client_id and its secret shows at the first sign-in"
    return (*remarks, Remark(Grade.OK, text))
