"""The resource that scopes without a prefix belong to: a stand-in for Graph.

Its id and identifier are fixed by the wire (contract entra §5.1).
"""

from typing import Final

from ostiary.core.model import Resource, Scope

USER_SCOPES: Final = (
    "User.Read",
    "User.ReadWrite",
    "User.ReadBasic.All",
    "Mail.Read",
    "Mail.ReadWrite",
    "Mail.Send",
    "MailboxSettings.Read",
    "Calendars.Read",
    "Calendars.ReadWrite",
    "Contacts.Read",
    "Contacts.ReadWrite",
    "Files.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Files.ReadWrite.All",
    "Notes.Read",
    "Notes.ReadWrite",
    "People.Read",
    "Tasks.Read",
    "Tasks.ReadWrite",
    "IMAP.AccessAsUser.All",
    "POP.AccessAsUser.All",
    "SMTP.Send",
)
ADMIN_SCOPES: Final = (
    "User.Read.All",
    "User.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Directory.AccessAsUser.All",
    "Sites.Read.All",
    "AuditLog.Read.All",
)

GRAPH: Final = Resource(
    identifier="https://graph.microsoft.com",
    id="00000003-0000-0000-c000-000000000000",
    access_token_version=1,
    scopes=(
        *(Scope(value) for value in USER_SCOPES),
        *(Scope(value, admin=True) for value in ADMIN_SCOPES),
    ),
    roles=("User.Read.All", "Group.Read.All", "Directory.Read.All", "Mail.Send"),
)
