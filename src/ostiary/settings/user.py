"""The keys of a tenant's `users:` and `policies:`.

Whether the names in them exist is checked in `references`.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from ostiary.settings.values import (
    ClientId,
    Email,
    Guid,
    Hash,
    Name,
    Network,
    SecretText,
    TotpSecret,
    WebUrl,
    Word,
)


class EncodedValue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key of an HMAC."""

    value: Annotated[Hash, Meta(description="The bytes, written as `encoding` says.")]
    encoding: Annotated[
        Literal["base64", "hex", "utf8"], Meta(description="How they are written.")
    ]


class HashValue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hash of an imported password."""

    value: Annotated[Hash, Meta(description="The hash, written as `encoding` says.")]
    encoding: Annotated[
        Literal["base64", "hex", "utf8"], Meta(description="How it is written.")
    ]
    digest: Annotated[
        Word | None, Meta(description="The digest of an HMAC, such as sha256.")
    ] = None
    key: Annotated[EncodedValue | None, Meta(description="The key of an HMAC.")] = None


class HashSalt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The salt of an imported password."""

    value: Annotated[str, Meta(description="The salt, written as `encoding` says.")]
    encoding: Annotated[
        Literal["base64", "hex", "utf8"], Meta(description="How it is written.")
    ] = "utf8"
    position: Annotated[
        Literal["prefix", "suffix"], Meta(description="Before or after the password.")
    ] = "prefix"


class HashedText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the password's characters became bytes."""

    encoding: Annotated[
        Literal["ascii", "utf8", "utf16le", "ucs2", "latin1", "binary"],
        Meta(description="The character set."),
    ] = "utf8"


class CustomPasswordHash(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Auth0's import format of a password hash, `custom_password_hash`."""

    algorithm: Annotated[
        Literal[
            "argon2",
            "bcrypt",
            "hmac",
            "ldap",
            "md4",
            "md5",
            "sha1",
            "sha256",
            "sha512",
            "pbkdf2",
            "scrypt",
        ],
        Meta(description="The hash function."),
    ]
    hash: Annotated[HashValue, Meta(description="The hash.")]
    salt: Annotated[
        HashSalt | None, Meta(description="The salt, unless the hash has it in it.")
    ] = None
    password: Annotated[
        HashedText, Meta(description="How the password became bytes.")
    ] = HashedText()
    keylen: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Length of an scrypt hash in bytes."),
    ] = None
    cost: Annotated[int, Meta(ge=2, description="scrypt's N.")] = 16384
    block_size: Annotated[int, Meta(ge=1, description="scrypt's r.")] = field(
        name="blockSize", default=8
    )
    parallelization: Annotated[int, Meta(ge=1, description="scrypt's p.")] = 1


class Mfa(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's second factor."""

    required: Annotated[
        bool, Meta(description="A password alone never gets this user a token.")
    ] = False
    totp_secret: Annotated[
        TotpSecret | None,
        Meta(description="Shared key of an authenticator app, in Base32."),
    ] = None


class Consent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user allowed an application."""

    client_id: Annotated[
        ClientId, Meta(description="The application, of this or another tenant.")
    ]
    scopes: Annotated[
        tuple[Word, ...], Meta(min_length=1, description="The scopes allowed.")
    ]


class User(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user, of a database connection or of a directory or federated domain."""

    username: Annotated[
        Name, Meta(description="The user principal name, such as alice@contoso.test.")
    ]
    login: Annotated[
        Name | None, Meta(description="A short user name for the Auth0 half.")
    ] = None
    id: Annotated[Guid | None, Meta(description="Object id; absent: derived.")] = None
    auth0_id: Annotated[
        Word | None,
        Meta(
            description="The part of Auth0's sub after `auth0|`; absent: derived from "
            "the object id."
        ),
    ] = None
    connection: Annotated[
        Name | None,
        Meta(description="Where the password is checked; absent: `default_directory`."),
    ] = None
    password: Annotated[
        SecretText | None,
        Meta(description="The password; not together with `password_hash`."),
    ] = None
    password_hash: Annotated[
        Hash | CustomPasswordHash | None,
        Meta(
            description="An imported hash: text (PHC, bcrypt, {SSHA}…) or Auth0's "
            "custom_password_hash mapping."
        ),
    ] = None
    email: Annotated[Email | None, Meta(description="The mail address.")] = None
    email_verified: Annotated[
        bool, Meta(description="Whether the mail address is known to be theirs.")
    ] = False
    name: Annotated[Name | None, Meta(description="The whole name.")] = None
    given_name: Annotated[Name | None, Meta(description="The first name.")] = None
    family_name: Annotated[Name | None, Meta(description="The last name.")] = None
    nickname: Annotated[Name | None, Meta(description="The nickname.")] = None
    picture: Annotated[WebUrl | None, Meta(description="Address of a picture.")] = None
    phone_number: Annotated[
        Name | None, Meta(description="The telephone number, in quotes.")
    ] = None
    enabled: Annotated[bool, Meta(description="The reverse of Auth0's blocked.")] = True
    type: Annotated[
        Literal["member", "guest"],
        Meta(description="A guest is an invited personal account."),
    ] = "member"
    password_state: Annotated[
        Literal["ok", "none", "expired", "must-change", "leaked"],
        Meta(description="What is the matter with the password; none: passwordless."),
    ] = "ok"
    mfa: Annotated[Mfa, Meta(description="The second factor.")] = Mfa()
    groups: Annotated[tuple[Name, ...], Meta(description="Names of their groups.")] = ()
    consents: Annotated[
        tuple[Consent, ...], Meta(description="What they allowed applications.")
    ] = ()
    assigned_to: Annotated[
        tuple[ClientId, ...],
        Meta(description="Applications with `assignment_required` they may use."),
    ] = ()
    attributes: Annotated[
        dict[str, Any],
        Meta(description="Further attributes, any mapping of JSON values."),
    ] = {}


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditional access for headless sign-in; the first match decides."""

    name: Annotated[Name, Meta(description="Its name, unique in the tenant.")]
    effect: Annotated[
        Literal["block", "require-mfa", "allow"],
        Meta(description="What happens to a sign-in that it matches."),
    ]
    users: Annotated[
        Literal["all"] | tuple[Name, ...],
        Meta(description="User names it is for, or `all`."),
    ] = "all"
    applications: Annotated[
        Literal["all"] | tuple[ClientId, ...],
        Meta(description="Client ids it is for, or `all`."),
    ] = "all"
    networks: Annotated[
        tuple[Network, ...],
        Meta(description="Networks of the caller it is for; absent: everywhere."),
    ] = ()
    message: Annotated[
        str,
        Meta(description="What the Auth0 half tells a user whom it blocks."),
    ] = ""
