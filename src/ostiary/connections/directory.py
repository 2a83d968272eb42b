"""Strategy `ad`: a directory asked over LDAP, by this server or by agents beside it.

How LDAP is spoken is told in `ldap`, how agents are asked in `remote`.
"""

from typing import TYPE_CHECKING

from ostiary.connections.remote import RemoteDirectory
from ostiary.connections.upstream import Registered, Unserved, Upstream

if TYPE_CHECKING:
    from ostiary.connections import Means


def directory(registered: Registered, means: "Means") -> Upstream:
    """The upstream of the connection. Raises Unserved without python-ldap."""
    if registered.options.get("agent"):
        return RemoteDirectory(registered, means.agents)
    return ldap_upstream(registered, means.outgoing_networks)


def ldap_upstream(registered: Registered, networks: tuple[str, ...]) -> Upstream:
    """The directory asked from here. Raises Unserved without python-ldap."""
    try:
        from ostiary.connections.ldap import LdapDirectory
    except ImportError:
        raise Unserved(
            "python-ldap is not installed: pip install 'ostiary[ldap]'"
        ) from None
    return LdapDirectory(registered, networks)
