"""Strategy `ad`: Active Directory and other directories, asked over LDAP.

Needs python-ldap and is imported when the first such connection is used. Agents beside
a directory use the same adapter.
"""

from ostiary.connections.ldap.adapter import LdapDirectory

__all__ = ["LdapDirectory"]
