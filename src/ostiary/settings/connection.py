"""The keys of a tenant's `connections:` and the options of each strategy.

What a connection does is the business of `ostiary.connections`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from ostiary.settings.values import (
    Email,
    FilePath,
    LdapUrl,
    Name,
    SecretText,
    SmtpUrl,
    WebUrl,
    Word,
)

DATABASE = "Username-Password-Authentication"
"""Auth0's usual name of the connection that checks passwords in our own store."""


TrustedCa = Annotated[
    FilePath | None,
    Meta(description="PEM file of the CA, beside those the system trusts."),
]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: for strategy `auth0`, and those that cannot check a password."""


KeepPassword = Annotated[
    bool,
    Meta(description="Keep a hash of right passwords, to leave one day."),
]


class Lockout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the directory itself locks accounts, where it does not tell."""

    threshold: Annotated[
        int, Meta(ge=0, description="Wrong passwords that lock there; 0: none do.")
    ]
    seconds: Annotated[
        int, Meta(ge=1, description="After how long without one it forgets them.")
    ] = 1800


class LdapOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Strategy `ad`: a directory asked over LDAP, here or by agents beside it."""

    agent: Annotated[
        bool,
        Meta(
            description="Agents beside the directory answer; they have the other "
            "options."
        ),
    ] = False
    urls: Annotated[
        tuple[LdapUrl, ...],
        Meta(
            description="The directory's servers, tried in order; plain ldap:// only "
            "in development or with `start_tls`.",
        ),
    ] = ()
    base_dn: Annotated[Name | None, Meta(description="Where users are searched.")] = (
        None
    )
    bind_dn: Annotated[
        Name | None, Meta(description="The account that searches; absent: anonymous.")
    ] = None
    bind_password: Annotated[
        SecretText | None, Meta(description="Password of the searching account.")
    ] = None
    ca: Annotated[
        FilePath | None,
        Meta(description="PEM file of the CA that signed the servers' certificates."),
    ] = None
    start_tls: Annotated[
        bool, Meta(description="Switch ldap:// to TLS before anything is sent.")
    ] = False
    user_filter: Annotated[
        Name | None,
        Meta(
            description="LDAP filter that finds a user; {0} is the escaped name, {1} "
            "the part of it before `@`."
        ),
    ] = None
    group_filter: Annotated[
        Name | None,
        Meta(description="LDAP filter that finds groups; {0} is the escaped DN."),
    ] = None
    id_attribute: Annotated[
        Word | None,
        Meta(
            description="Attribute that identifies a user for ever; absent: "
            "objectGUID, else entryUUID, else uid."
        ),
    ] = None
    email_verified: Annotated[
        bool, Meta(description="Whether mail addresses of the directory are verified.")
    ] = False
    lockout: Annotated[
        Lockout | None,
        Meta(
            description="Its own lockout; absent: read from Active Directory or its "
            "password policies."
        ),
    ] = None
    keep_password: KeepPassword = False


class EntraOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Strategy `waad`: another Entra tenant that takes the password grant."""

    authority: Annotated[
        WebUrl, Meta(description="The authority asked, with its tenant.")
    ]
    client_id: Annotated[Name, Meta(description="Our application at that authority.")]
    client_secret: Annotated[
        SecretText | None, Meta(description="Its secret, when it has one.")
    ] = None
    userid_attribute: Annotated[
        Literal["sub", "oid"],
        Meta(description="The claim that identifies a user for ever."),
    ] = "sub"
    ca: TrustedCa = None
    keep_password: KeepPassword = False


class AdfsOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Strategy `adfs`: an AD FS server, asked by OAuth or WS-Trust."""

    authority: Annotated[
        WebUrl | None,
        Meta(description="The server's address, ending in /adfs; required for oauth."),
    ] = None
    client_id: Annotated[
        Name | None,
        Meta(description="Our application at that server; required for oauth."),
    ] = None
    client_secret: Annotated[
        SecretText | None, Meta(description="Its secret, when it has one.")
    ] = None
    ca: TrustedCa = None
    protocol: Annotated[
        Literal["oauth", "ws-trust"], Meta(description="How the server is asked.")
    ] = "oauth"
    wstrust_metadata: Annotated[
        WebUrl | None,
        Meta(
            description="Address of the WS-Trust metadata; a federated domain of this "
            "connection then has its realm members."
        ),
    ] = None
    signing_certificate: Annotated[
        FilePath | None,
        Meta(description="PEM file of the certificate that signs its SAML tokens."),
    ] = None
    wstrust_audience: Annotated[
        Name, Meta(description="Our identifier there, when asked by WS-Trust.")
    ] = "urn:ostiary:adfs"
    wstrust_endpoint: Annotated[
        WebUrl | None,
        Meta(
            description="Address that the realm names for user names and passwords; "
            "absent: AD FS's usual one beside the metadata."
        ),
    ] = None
    keep_password: KeepPassword = False


class EmailOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Strategy `email`: one-time codes by mail."""

    smtp: Annotated[SmtpUrl, Meta(description="The mail server.")]
    sender: Annotated[Email, Meta(description="The sender's address.")] = field(
        name="from"
    )
    ca: TrustedCa = None


class SmsOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Strategy `sms`: one-time codes by a text message gateway."""

    webhook: Annotated[
        WebUrl, Meta(description="Gets each message as a POST of to, text and code.")
    ]
    ca: TrustedCa = None


OPTIONS: dict[str, type[Options]] = {
    "auth0": Options,
    "ad": LdapOptions,
    "waad": EntraOptions,
    "adfs": AdfsOptions,
    "email": EmailOptions,
    "sms": SmsOptions,
}
"""The strategies that can check a credential, with their options."""


def options_of(connection: Mapping[str, Any]) -> type[Options]:
    """Choose the options' type by the connection's `strategy`."""
    strategy = connection.get("strategy")
    return OPTIONS.get(str(strategy), Options)


class Connection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where credentials are checked; Auth0's word."""

    name: Annotated[Name, Meta(description="Its name, unique in the tenant.")]
    strategy: Annotated[
        Word,
        Meta(
            description="Its kind: auth0, ad, waad, adfs, email or sms; others (such "
            "as google-oauth2) may be listed and refuse the password grant."
        ),
    ]
    enabled: Annotated[bool, Meta(description="False switches it off.")] = True
    restricted: Annotated[
        bool,
        Meta(
            description="Its addresses must be the internet's, or in "
            "`server.outgoing_networks`; exported for what was entered by API."
        ),
    ] = False
    options: Annotated[
        Options | None,
        Meta(
            description="What its strategy needs, see below.",
            extra={"choose": options_of},
        ),
    ] = None
