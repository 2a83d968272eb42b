"""The examination of a directory for its operator: what was found, how it is mended.

Costs one bind of our own account, on one server; nobody's password is tried.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import ldap

from ostiary.connections.ldap import names
from ostiary.connections.ldap.entries import Entry, entries_of
from ostiary.connections.ldap.kinds import Kind, read_kind
from ostiary.connections.ldap.link import Handle, Link
from ostiary.connections.ldap.options import Address, LdapSettings
from ostiary.connections.ldap.searching import LinkSearches, read
from ostiary.connections.ldap.servers import Servers, Unwelcome
from ostiary.connections.ldap.verdicts import away_of
from ostiary.connections.ldap.welcome import Welcome
from ostiary.connections.upstream import Away, Grade, Remark
from ostiary.core.errors import Reason

CONNECT_SECONDS: Final = 3.0
MOST_SKEW: Final = 300.0
"""Seconds; Kerberos, and so Active Directory, allows no more (RFC 4120 §1.6)."""
LOW_THRESHOLD: Final = 3
_ENCRYPT: Final = "the directory wants encryption: use ldaps:// or `start_tls: true`"
_MENDS: Final = {
    ldap.CONFIDENTIALITY_REQUIRED.__name__: _ENCRYPT,
    ldap.STRONG_AUTH_REQUIRED.__name__: _ENCRYPT,
    ldap.SERVER_DOWN.__name__: "it hung up; a port for LDAPS wants ldaps://",
}
"""What to do when our own bind is not answered, by the kind of failure."""
_CLOCK: Final = "%Y%m%d%H%M%S"


async def examine(settings: LdapSettings, servers: Servers) -> tuple[Remark, ...]:
    """One remark for each server and each thing found. Takes its time: set a limit."""
    reached = await asyncio.gather(
        *(_reached(servers, address) for address in settings.addresses)
    )
    links = [link for link, _ in reached if link is not None]
    remarks = [*_plaintext(settings), *(remark for _, remark in reached)]
    try:
        if links:
            remarks += await _inside(settings, links[0])
    except Away as away:
        remarks.append(_failed(f"the directory does not answer: {away.detail}", ""))
    finally:
        for link in links:
            link.abort()
    return tuple(remarks)


async def _reached(servers: Servers, address: Address) -> tuple[Link | None, Remark]:
    """Connect, and encrypt as configured."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            link = await servers.connect(address)
    except TimeoutError:
        mend = "check the address and the firewall between"
        return None, _failed(f"{address.url} does not answer", mend)
    except Away as away:
        return None, _failed(away.detail, _mend(away))
    how = "connected"
    transport = link.network.transport
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    if tls is not None:
        how = f"connected, {tls.version()}, certificate accepted"
    return link, Remark(Grade.OK, f"{address.url}: {how}")


def _mend(away: Away) -> str:
    """What to do about a server that cannot be reached as configured."""
    told = away.detail.casefold()
    if "mismatch" in told or "not valid for" in told:
        return "use the name that the certificate was issued for"
    if "certificate" in told:
        return "set `ca` to the PEM file of the CA that signed it"
    if "starttls" in told:
        return "enable TLS on the server, or use ldaps://"
    if "no tls" in told:
        return "nothing speaks TLS on that port; LDAPS is usually 636"
    if "name not found" in told:
        return "check the host name in `urls`"
    if "`ca`" in told:
        return "it must be a readable PEM file"
    if away.reason is Reason.DIRECTORY_MISCONFIGURED:
        return "use an address that this server may contact"
    return "check host and port in `urls`, and that the directory runs"


def _plaintext(settings: LdapSettings) -> Iterator[Remark]:
    if not settings.start_tls:
        for address in settings.addresses:
            if not address.tls:
                yield _warning(
                    f"{address.url}: passwords cross the network unencrypted",
                    "use ldaps://, or set `start_tls: true`",
                )


async def _inside(settings: LdapSettings, link: Link) -> list[Remark]:
    """What can be seen with our account. Raises Away."""
    who = settings.bind_dn or "nobody in particular"
    try:
        await Welcome(settings).greet(link)
    except Unwelcome:
        mend = "check `bind_dn` and `bind_password`; repeating it may lock the account"
        return [_failed(f"the directory refuses {who}", mend)]
    except Away as away:
        mend = _MENDS.get(away.detail, "see the directory's own log")
        return [_failed(f"the bind of {who} failed: {away.detail}", mend)]
    remarks = [Remark(Grade.OK, f"signed in as {who}")]
    searches = LinkSearches(link)
    kind = await read_kind(searches, settings.base_dn)
    what = "Active Directory" if kind.domain is not None else kind.vendor or "LDAP"
    where = f", domain {kind.domain}" if kind.domain is not None else ""
    remarks.append(Remark(Grade.OK, f"it is {what}{where}"))
    if await read(searches, settings.base_dn, ("objectClass",)) is None:
        mend = "check `base_dn`, and that the account may read below it"
        return [*remarks, _failed(f"there is no {settings.base_dn} to be seen", mend)]
    remarks.append(await _people(settings, kind, link))
    return [*remarks, *_lockout(settings, kind), *_clock(kind)]


async def _people(settings: LdapSettings, kind: Kind, link: Link) -> Remark:
    """Whether the filter can find anybody: tried with any name at all."""
    text = names.any_user_filter(custom=settings.user_filter, domain=kind.domain)

    def one(handle: Handle) -> list[Entry]:
        return entries_of(
            handle.search_ext_s(
                settings.base_dn, ldap.SCOPE_SUBTREE, text, ["1.1"], sizelimit=1
            )
        )

    mend = "check `user_filter`, and that the account may read the attributes in it"
    try:
        seen = bool(await link.call(one))
    except ldap.SIZELIMIT_EXCEEDED:
        seen = True
    except ldap.FILTER_ERROR:
        return _failed("`user_filter` is no LDAP filter", mend)
    except ldap.LDAPError as error:
        raise away_of(error) from None
    if seen:
        return Remark(Grade.OK, f"users are found below {settings.base_dn}")
    return _warning(f"no user is found below {settings.base_dn}", mend)


def _lockout(settings: LdapSettings, kind: Kind) -> Iterator[Remark]:
    """The directory's own lockout beside ours (security promise 3)."""
    limit = settings.lockout or kind.limit
    if limit is None:
        yield _warning(
            "how the directory locks accounts cannot be read",
            "set `lockout`, or let the account read the password policies",
        )
    elif limit.threshold == 0:
        yield Remark(Grade.OK, "the directory locks nobody for wrong passwords")
    elif limit.threshold <= LOW_THRESHOLD:
        yield _warning(
            f"the directory locks accounts after {limit.threshold} wrong passwords",
            "people mistype: allow at least 5 there, Ostiary stays below that",
        )
    else:
        told = f"the directory locks after {limit.threshold} wrong passwords"
        yield Remark(Grade.OK, f"{told} in {limit.seconds} s; Ostiary stays below")


def _clock(kind: Kind) -> Iterator[Remark]:
    """Active Directory tells its time (MS-ADTS §3.1.1.3.2.2)."""
    try:
        there = datetime.strptime(kind.now[:14], _CLOCK).replace(tzinfo=UTC)
    except ValueError:
        return
    skew = abs((datetime.now(UTC) - there).total_seconds())
    if skew > MOST_SKEW:
        yield _warning(
            f"the clocks differ by {skew:.0f} s", "let both take the time by NTP"
        )


def _failed(text: str, mend: str) -> Remark:
    return Remark(Grade.FAIL, text, mend)


def _warning(text: str, mend: str) -> Remark:
    return Remark(Grade.WARNING, text, mend)
