"""Scopes as this wire spells them: `<resource>/<name>`, and the answer's `scope`.

What a scope means and whether it is allowed is decided in `core.scopes`.
"""

from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.names import EMAIL, OPENID, OPENID_SCOPES, PROFILE
from ostiary.core.request import Access, ScopeRequest
from ostiary.dialects.entra.default_resource import GRAPH

DEFAULT: Final = ".default"
_SHOWN: Final = (PROFILE, OPENID, EMAIL)
"""In the order of the seeds' sample; `offline_access` is never shown."""


def parse_scope(text: str | None, *, first_resource_wins: bool = False) -> ScopeRequest:
    """Read the parameter `scope` (contract entra §5.1).

    Raises Refused(RESOURCES_SEVERAL) or Refused(SCOPE_MIXED). On refresh the first
    resource decides instead.
    """
    words = list(dict.fromkeys((text or "").split()))
    openid = frozenset(word.lower() for word in words if word.lower() in OPENID_SCOPES)
    named = [_split(word) for word in words if word.lower() not in OPENID_SCOPES]
    if not named:
        return ScopeRequest(openid=openid, given=bool(words))
    resource = named[0][0]
    mine = [(r, name) for r, name in named if _same(r, resource)]
    if len(mine) < len(named) and not first_resource_wins:
        raise Refused(Reason.RESOURCES_SEVERAL)
    names = tuple(name for _, name in mine if name.lower() != DEFAULT)
    everything = len(names) < len(mine)
    if everything and names:
        raise Refused(Reason.SCOPE_MIXED)
    written = [r for r, _ in mine if r is not None]
    return ScopeRequest(
        resource=written[0] if written else None,
        names=names,
        openid=openid,
        everything=everything,
        qualified=frozenset(name.lower() for r, name in mine if r is not None),
    )


def _split(word: str) -> tuple[str | None, str]:
    resource, slash, name = word.rpartition("/")
    if not name or (slash and not resource):
        raise Refused(Reason.SCOPE_UNKNOWN, scope=word)
    return (resource if slash else None), name


def _same(one: str | None, other: str | None) -> bool:
    return _folded(one) == _folded(other)


def _folded(resource: str | None) -> str:
    name = (resource or "").rstrip("/").lower()
    return "" if name in (GRAPH.identifier, GRAPH.id) else name


def parse_resource(resource: str | None, scope: str | None) -> ScopeRequest:
    """Read the parameters of the v1 endpoint: `resource` decides (contract §2.8)."""
    words = {word.lower() for word in (scope or "").split()}
    return ScopeRequest(
        resource=resource,
        openid=frozenset(words & OPENID_SCOPES),
        everything=True,
        given=resource is not None,
    )


def render_scope(access: Access) -> str:
    """The answer's `scope`: all that is consented, in the form that was asked for.

    Clients store a token under these words and look for the words they asked, so the
    requested form is kept; only the case is the registered one (contract entra §5.2).
    """
    request = access.request
    prefix = f"{request.resource or access.resource.identifier}/"
    words = [_form(name, access, prefix) for name in access.scopes]
    if access.default_resource:
        words += [name for name in _SHOWN if name in access.openid]
    if request.everything:
        short = access.default_resource and DEFAULT not in request.qualified
        words.append(DEFAULT if short else prefix + DEFAULT)
    return " ".join(words)


def _form(name: str, access: Access, prefix: str) -> str:
    if not access.default_resource:
        return prefix + name
    qualified = access.request.qualified
    asked = {one.lower() for one in access.request.names}
    if name.lower() in asked:
        return prefix + name if name.lower() in qualified else name
    return prefix + name if qualified and asked <= qualified else name


def render_scp(access: Access) -> str:
    """The claim `scp`: short names; OpenID scopes at the default resource only."""
    words = list(access.scopes)
    if access.default_resource:
        words += [name for name in _SHOWN if name in access.openid]
    return " ".join(words)
