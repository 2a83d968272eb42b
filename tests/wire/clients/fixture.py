"""The instance that the clients of this folder sign in to, as a configuration.

Names and passwords of contract entra §12; what is expected stands in the tests.
"""

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

TENANT_ID = "11111111-2222-3333-4444-555555555555"
DOMAIN = "contoso.test"
OTHER_TENANT_ID = "22222222-3333-4444-5555-666666666666"
OTHER_DOMAIN = "fabrikam.test"

PUBLIC = "6731de76-14a6-49ae-97bc-6eba6914391e"
CONFIDENTIAL = "c0f1de71-0000-4000-8000-000000000001"
CERTIFICATE = "ce27f1ca-0000-4000-8000-000000000002"
NO_CONSENT = "90c05e17-0000-4000-8000-000000000003"
OTHER_CLIENT = "fab00000-0000-4000-8000-000000000007"
"""Public, of the other tenant."""
UNKNOWN_CLIENT = "dead0000-0000-4000-8000-000000000004"

ALICE_ID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ALICE = "alice@contoso.test"
UMLAUT = "müller@contoso.test"
GUEST = "erin_fabrikam.test#EXT#@contoso.test"
MFA = "carol@contoso.test"
MFA_NOT_ENROLLED = "cora@contoso.test"
UNKNOWN_USER = "nobody@contoso.test"
LOCKED = "lena@contoso.test"
ZOE = "zoe@fabrikam.test"
PASSWORD = "Pw-123456!"
SECRET = "s3cr~t+/="

TASKS = "api://tasks"
TASKS_ID = "7a1d0000-0000-4000-8000-000000000005"
NOTES = "api://notes"
NOTES_ID = "7a1d0000-0000-4000-8000-000000000006"
OTHER_TASKS = "api://tasks-of-fabrikam"
OTHER_TASKS_ID = "7a1d0000-0000-4000-8000-000000000008"

_OPENID = ["openid", "profile", "email"]
_CONSENTED = ["User.Read", f"{TASKS}/Tasks.Read", f"{NOTES}/Notes.Read", *_OPENID]
_CHEAP = {"algorithm": "argon2id", "memory_kib": 64, "iterations": 1}


@dataclass(frozen=True)
class KeyPair:
    """A client's RSA key and its self-signed certificate, both PEM."""

    key: str
    certificate: str
    thumbprint: str
    """SHA-1 of the DER in hexadecimal, as MSAL and ADAL are given it."""


def new_key_pair() -> KeyPair:
    """A fresh pair, valid for a day."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "daemon")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(
        key=pem.decode(),
        certificate=certificate.public_bytes(Encoding.PEM).decode(),
        thumbprint=certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303 -- x5t
    )


def configuration(
    base_url: str, listen: list[str], data_dir: str, certificate: str
) -> dict[str, object]:
    """The file for `ostiary serve`; JSON is YAML."""
    return {
        "server": {
            "mode": "development",
            "base_url": base_url,
            "listen": listen,
            "data_dir": data_dir,
        },
        "tenants": [_contoso(certificate), _fabrikam()],
    }


def _contoso(certificate: str) -> dict[str, object]:
    return {
        "id": TENANT_ID,
        "name": "contoso",
        "domains": [{"name": DOMAIN}],
        "password_grant": True,
        "adfs_alias": True,
        # Who is locked stays locked, however late the last client comes.
        "lockout": {"threshold": 10, "seconds": 3600},
        "password_hash": _CHEAP,
        "resources": [
            _resource(TASKS, TASKS_ID, "Tasks.Read", ["Tasks.Read.All"]),
            _resource(NOTES, NOTES_ID, "Notes.Read", []),
        ],
        "applications": _applications(certificate),
        "users": [
            _user(ALICE, id=ALICE_ID, email=ALICE, name="Alice Adams"),
            _user(UMLAUT),
            _user(GUEST, type="guest"),
            _user(MFA, mfa={"required": True, "totp_secret": "JBSWY3DPEHPK3PXP"}),
            _user(MFA_NOT_ENROLLED, mfa={"required": True}),
            _user(LOCKED),
        ],
    }


def _fabrikam() -> dict[str, object]:
    return {
        "id": OTHER_TENANT_ID,
        "name": "fabrikam",
        "domains": [{"name": OTHER_DOMAIN}],
        "password_grant": True,
        "password_hash": _CHEAP,
        "resources": [_resource(OTHER_TASKS, OTHER_TASKS_ID, "Tasks.Read", [])],
        "applications": [
            {
                "client_id": OTHER_CLIENT,
                "public_client": True,
                "grant_types": ["password"],
                "permissions": [f"{OTHER_TASKS}/Tasks.Read"],
                "admin_consent": [f"{OTHER_TASKS}/Tasks.Read"],
            }
        ],
        "users": [_user(ZOE)],
    }


def _resource(
    identifier: str, guid: str, scope: str, roles: list[str]
) -> dict[str, object]:
    return {
        "identifier": identifier,
        "id": guid,
        "access_token_version": 2,
        "scopes": [{"value": scope}],
        "roles": roles,
    }


def _applications(certificate: str) -> list[dict[str, object]]:
    consented = {"permissions": _CONSENTED, "admin_consent": _CONSENTED}
    trusted = {
        **consented,
        "grant_types": ["password", "refresh_token", "client_credentials"],
        "roles": [{"resource": TASKS, "role": "Tasks.Read.All"}],
    }
    own = {"public_client": True, "grant_types": ["password", "refresh_token"]}
    return [
        {"client_id": PUBLIC, "audience": "multi-tenant", **own, **consented},
        {"client_id": NO_CONSENT, **own, "permissions": ["User.Read"]},
        {"client_id": CONFIDENTIAL, "secrets": [{"value": SECRET}], **trusted},
        {"client_id": CERTIFICATE, "certificates": [certificate], **trusted},
    ]


def _user(username: str, **more: object) -> dict[str, object]:
    return {"username": username, "password": PASSWORD, **more}
