"""What a server is: Active Directory or another kind, and how it locks accounts.

Read from the server itself, once in a while; nobody's name comes into it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import ldap
import ldap.dn

from ostiary.connections.ldap.entries import Entry
from ostiary.connections.ldap.searching import Searches, find_all, read
from ostiary.connections.upstream import Away
from ostiary.core.accounts import fold
from ostiary.core.errors import Reason
from ostiary.core.passwords import FORGOTTEN_AFTER, DirectoryLimit

ACTIVE_DIRECTORY: Final = "1.2.840.113556.1.4.800"
"""A supportedCapabilities of every domain controller (MS-ADTS §3.1.1.3.4.3.1)."""
MOST_POLICIES: Final = 200
TICKS: Final = 10_000_000
"""Active Directory counts time in 100 ns."""

_ROOT: Final = (
    "objectClass",
    "supportedCapabilities",
    "namingContexts",
    "defaultNamingContext",
    "configurationNamingContext",
    "currentTime",
    "vendorName",
)
_DOMAIN: Final = ("lockoutThreshold", "lockOutObservationWindow")
_SETTINGS: Final = ("msDS-LockoutThreshold", "msDS-LockoutObservationWindow")
_POLICY: Final = (
    "cn",
    "pwdLockout",
    "pwdMaxFailure",
    "pwdFailureCountInterval",
    "pwdLockoutDuration",
)

DnKey = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a directory.

    context: the naming context that users and groups lie in. domain: the DNS name of
    an Active Directory domain; None: another kind. domains: what may stand before the
    backslash of a name. limit: its lockout; None: not to be read. special: the
    lockouts of policies that some users have, by DN.
    """

    context: str
    domain: str | None = None
    domains: frozenset[str] = frozenset()
    limit: DirectoryLimit | None = None
    special: Mapping[DnKey, DirectoryLimit] = field(default_factory=dict)
    vendor: str = ""
    now: str = ""

    def limit_of(self, policy: str | None) -> DirectoryLimit:
        """The lockout of somebody whose own policy has that DN, or who has none."""
        own = None if policy is None else self.special.get(dn_key(policy))
        return own or self.limit or DirectoryLimit()


def dn_key(dn: str) -> DnKey:
    """A DN as it is compared: spelling and case of the same name do not matter."""
    try:
        parts = ldap.dn.str2dn(dn)
    except ldap.DECODING_ERROR:
        return ((fold(dn), ""),)
    return tuple((fold(name), fold(value)) for rdn in parts for name, value, _ in rdn)


async def read_root(searches: Searches) -> Entry:
    """What a server says of itself, to anybody (RFC 4512 §5.1). Raises Away."""
    return await read(searches, "", _ROOT) or Entry("", {})


async def read_kind(searches: Searches, base_dn: str) -> Kind:
    """What the directory of `base_dn` is. Raises Away."""
    root = await read_root(searches)
    vendor, now = _vendor(root), root.text("currentTime") or ""
    if ACTIVE_DIRECTORY not in root.texts("supportedCapabilities"):
        context = _context(root.texts("namingContexts"), base_dn)
        policies = await _seen(searches, context, "(objectClass=pwdPolicy)", _POLICY)
        special = {dn_key(policy.dn): policy_limit(policy) for policy in policies}
        limit = default_limit(policies)
        return Kind(context, limit=limit, special=special, vendor=vendor, now=now)
    context = root.text("defaultNamingContext") or base_dn
    domain = dns_name(context)
    names = {domain, *await _short_names(searches, root, context)}
    return Kind(
        context,
        domain,
        frozenset(map(fold, names)),
        domain_limit(await read(searches, context, _DOMAIN)),
        await _special(searches, context),
        vendor,
        now,
    )


def dns_name(context: str) -> str:
    """The DNS name of a domain, folded: that of its DC parts (RFC 2247 §4)."""
    return ".".join(value for name, value in dn_key(context) if name == "dc")


def domain_limit(entry: Entry | None) -> DirectoryLimit | None:
    """The lockout of an Active Directory domain; None: not to be read."""
    if entry is None:
        return None
    return _limit(entry.number(_DOMAIN[0]), entry.number(_DOMAIN[1]))


def policy_limit(policy: Entry) -> DirectoryLimit:
    """The lockout in a pwdPolicy (draft-behera-ldap-password-policy-10 §5.2).

    One that never forgets is taken to forget when its lock ends, or after a day.
    """
    locks = (policy.text("pwdLockout") or "").upper() == "TRUE"
    threshold = (policy.number("pwdMaxFailure") or 0) if locks else 0
    seconds = policy.number("pwdFailureCountInterval") or 0
    seconds = seconds or policy.number("pwdLockoutDuration") or FORGOTTEN_AFTER
    return DirectoryLimit(max(0, threshold), max(1, seconds))


def default_limit(policies: Iterable[Entry]) -> DirectoryLimit | None:
    """That of who has no policy of their own: one called default, else the strictest.

    Which is the default stands in the server's own configuration, not in the directory.
    """
    named = [(fold(each.text("cn") or ""), policy_limit(each)) for each in policies]
    limits = [limit for name, limit in named if name == "default"]
    limits = limits or [limit for _, limit in named]
    return min(limits, key=_strictness, default=None)


def _strictness(limit: DirectoryLimit) -> tuple[float, int]:
    return limit.threshold or float("inf"), -limit.seconds


def _limit(threshold: int | None, window: int | None) -> DirectoryLimit | None:
    """From Active Directory's numbers; its spans of time are negative."""
    if threshold is None:
        return None
    seconds = abs(window or 0) // TICKS
    return DirectoryLimit(max(0, threshold), seconds or FORGOTTEN_AFTER)


async def _special(searches: Searches, context: str) -> Mapping[DnKey, DirectoryLimit]:
    """The lockouts of password settings objects, as far as they may be read."""
    found = await _seen(
        searches,
        f"CN=Password Settings Container,CN=System,{context}",
        "(objectClass=msDS-PasswordSettings)",
        _SETTINGS,
    )
    limits = {
        dn_key(each.dn): _limit(each.number(_SETTINGS[0]), each.number(_SETTINGS[1]))
        for each in found
    }
    return {key: limit for key, limit in limits.items() if limit is not None}


async def _short_names(
    searches: Searches, root: Entry, context: str
) -> tuple[str, ...]:
    """The NetBIOS names of the domain (MS-ADTS §6.1.1.2.1.1.4)."""
    configuration = root.text("configurationNamingContext")
    if configuration is None:
        return ()
    found = await _seen(
        searches,
        f"CN=Partitions,{configuration}",
        "(&(objectClass=crossRef)(nETBIOSName=*))",
        ("nCName", "nETBIOSName"),
    )
    ours = [e for e in found if dn_key(e.text("nCName") or "") == dn_key(context)]
    return tuple(name for entry in ours for name in entry.texts("nETBIOSName"))


async def _seen(
    searches: Searches, under: str, filter_text: str, attributes: tuple[str, ...]
) -> list[Entry]:
    """What may be read of it; that it may not be is no failure of the directory."""
    try:
        return await find_all(searches, under, filter_text, attributes, MOST_POLICIES)
    except Away as away:
        if away.reason is not Reason.DIRECTORY_MISCONFIGURED:
            raise
        return []


def _vendor(root: Entry) -> str:
    """Who made the server (RFC 3045); OpenLDAP only has a class of its own."""
    openldap = "OpenLDAProotDSE" in root.texts("objectClass")
    return root.text("vendorName") or ("OpenLDAP" if openldap else "")


def _context(contexts: Iterable[str], base_dn: str) -> str:
    """The naming context around a DN; without one the DN itself."""
    base = dn_key(base_dn)
    around = [
        context
        for context in contexts
        if context and base[-len(dn_key(context)) :] == dn_key(context)
    ]
    return max(around, key=len, default=base_dn)
