"""The groups of a person, and those that their groups are in.

Which claims they become is told elsewhere.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from ostiary.connections.ldap.entries import Entry
from ostiary.connections.ldap.kinds import DnKey, Kind, dn_key
from ostiary.connections.ldap.names import escape, filled
from ostiary.connections.ldap.searching import Searches, find_all

MOST_GROUPS: Final = 1000
DEEPEST: Final = 10
"""How many groups deep one may be in the next."""
AT_ONCE: Final = 50
"""Members whose groups are asked for together."""
NESTED: Final = "(member:1.2.840.113556.1.4.1941:={0})"
"""Active Directory follows the chain itself (MS-ADTS §3.1.1.3.4.4.3)."""


async def groups_of(
    searches: Searches, kind: Kind, entry: Entry, custom: str | None
) -> tuple[str, ...]:
    """The common names of somebody's groups, sorted; custom: the operator's filter.

    Raises Away: who signs in without their groups would be somebody else.
    """
    if custom is not None or kind.domain is not None:
        found = await _asked(searches, kind, filled(custom or NESTED, escape(entry.dn)))
    else:
        found = await _followed(searches, kind, entry)
    return tuple(sorted({name for each in found for name in each.texts("cn")[:1]}))


async def _asked(searches: Searches, kind: Kind, filter_text: str) -> list[Entry]:
    return await find_all(searches, kind.context, filter_text, ("cn",), MOST_GROUPS)


async def _followed(searches: Searches, kind: Kind, entry: Entry) -> list[Entry]:
    """Level by level: nobody is asked for twice, so a circle ends."""
    found: dict[DnKey, Entry] = {}
    members, names = [entry.dn], entry.texts("uid")
    for _ in range(DEEPEST):
        level: dict[DnKey, Entry] = {}
        for filter_text in _filters(members, names):
            for group in await _asked(searches, kind, filter_text):
                level.setdefault(dn_key(group.dn), group)
        fresh = {key: group for key, group in level.items() if key not in found}
        found |= fresh
        members, names = [group.dn for group in fresh.values()], ()
        if not members or len(found) >= MOST_GROUPS:
            break
    return list(found.values())[:MOST_GROUPS]


def _filters(members: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Who has such members: by DN (RFC 4519 §2.17, §2.40) or by uid (RFC 2307)."""
    for start in range(0, len(members), AT_ONCE):
        dns = [escape(dn) for dn in members[start : start + AT_ONCE]]
        terms = [f"(member={dn})(uniqueMember={dn})" for dn in dns]
        terms += [f"(memberUid={escape(name)})" for name in names]
        yield f"(|{''.join(terms)})"
