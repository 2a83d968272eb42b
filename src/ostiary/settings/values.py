"""The kinds of single values: how each is written, checked and normalised.

Readers take a plain value and answer the normal form, or raise ValueError with the
rest of the sentence "must be …". They never repeat the value: it may be a secret.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta

from ostiary.settings.secret import HashText, Secret, SecretUrl

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}")
_HOST = re.compile(rf"({_LABEL}\.)*{_LABEL}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


class Address(NamedTuple):
    """A listening address: host name or IP without brackets, and port (0: any)."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write it as `127.0.0.1:8443` or `[::1]:8443`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _reads(read: Callable[[str], object], word: str) -> Meta:
    """Mark a type with its reader and with the manual's word for it."""
    return Meta(extra={"read": read, "word": word})


def parse_duration(value: str) -> int:
    """`90`, `30s`, `10m`, `10h` or `90d` in seconds."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", value)
    if match is None:
        raise ValueError("seconds or a number with s, m, h or d, such as 30s or 90d")
    return int(match[1]) * _UNITS[match[2]]


def parse_guid(value: str) -> str:
    """A GUID in any case, normalised to lower case."""
    if not _GUID.fullmatch(value.lower()):
        raise ValueError("a GUID such as 11111111-2222-3333-4444-555555555555")
    return value.lower()


def parse_client_id(value: str) -> str:
    """A GUID (lowered) or another client id of at most 128 unreserved characters."""
    if _GUID.fullmatch(value.lower()):
        return value.lower()
    if not re.fullmatch(r"[A-Za-z0-9._~-]{1,128}", value):
        raise ValueError("a GUID or up to 128 letters, digits, and . _ ~ -")
    return value


def parse_name(value: str) -> str:
    """A name of one line without blanks at its ends."""
    if not value.strip() or value != value.strip() or not value.isprintable():
        raise ValueError("text of one line, not empty, without blanks at its ends")
    return value


def parse_word(value: str) -> str:
    """A name without blanks, such as a scope, a role or a resource identifier."""
    if not value or not value.isprintable() or " " in value:
        raise ValueError("a word without blanks, not empty")
    return value


def parse_tenant_name(value: str) -> str:
    """A path segment: it may stand in addresses and commands."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value):
        raise ValueError("1 to 63 letters, digits, and . _ - between them")
    return value


def parse_domain(value: str) -> str:
    """A domain with a dot in it, normalised to lower case."""
    lowered = value.lower()
    if len(value) > 253 or not _DOMAIN.fullmatch(lowered):
        raise ValueError("a domain such as contoso.test (xn--… for other alphabets)")
    return lowered


def parse_auth0_domain(value: str) -> str:
    """`host`, `host:port` or either with `/prefix` (contract auth0 §0), lower case."""
    if not re.fullmatch(r"[^\s/:@?#]+(:[0-9]+)?(/[A-Za-z0-9._-]+)?", value):
        raise ValueError("host[:port] or host[:port]/prefix, without https://")
    host, slash, prefix = value.partition("/")
    _check_host(_split(f"https://{host}", "host[:port] or host[:port]/prefix"))
    return host.lower() + slash + prefix


def parse_address(value: str) -> Address:
    """`host:port`; an IPv6 host in brackets."""
    hint = "HOST:PORT such as 127.0.0.1:8443 or [::1]:8443"
    if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}", value):
        raise ValueError(hint)
    parts = _split(f"//{value}", hint)
    return Address(parts.hostname or "", parts.port or 0)


def parse_network(value: str) -> str:
    """An address or a network, as CIDR text."""
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        hint = "an IP address or a network such as 10.0.0.0/8"
        raise ValueError(f"{hint}, with no bits set beyond the mask") from None


def parse_base_url(value: str) -> str:
    """Scheme, host and port; a single trailing slash is dropped (contract entra)."""
    hint = "https://host[:port] without path, query or user"
    parts = _split(value, hint)
    _check_host(parts)
    if parts.scheme not in {"https", "http"} or parts.path not in {"", "/"}:
        raise ValueError(hint)
    if parts.username is not None or any(c in value for c in "?#@"):
        raise ValueError(hint)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def parse_origin(value: str) -> str:
    """An origin as browsers send it: scheme, host and port, no slash at the end."""
    if value.endswith("/"):
        raise ValueError("an origin such as https://app.contoso.test, with no slash")
    return parse_base_url(value)


def parse_web_url(value: str) -> str:
    """An absolute http or https address without user or fragment."""
    hint = "an absolute address such as https://host/path"
    parts = _split(value, hint)
    _check_host(parts)
    if parts.scheme not in {"https", "http"} or parts.username or parts.fragment:
        raise ValueError(hint)
    return value


def parse_redirect_uri(value: str) -> str:
    """Any absolute URI without a fragment (RFC 6749 §3.1.2)."""
    if not _SCHEME.fullmatch(value) or "#" in value or not value.isprintable():
        raise ValueError("an absolute address, with its scheme, without a fragment")
    return value


def parse_ldap_url(value: str) -> str:
    """`ldaps://host[:port]`, or `ldap://` in development or with StartTLS."""
    hint = "ldaps://host[:port] or ldap://host[:port]"
    parts = _split(value, hint)
    _check_host(parts)
    if parts.scheme not in {"ldaps", "ldap"} or parts.path not in {"", "/"}:
        raise ValueError(hint)
    return value


def parse_smtp_url(value: str) -> SecretUrl:
    """`smtp://[user:password@]host[:port]` or `smtps://…`."""
    hint = "smtp://[user:password@]host[:port] or smtps://…"
    parts = _split(value, hint)
    _check_host(parts)
    if parts.scheme not in {"smtp", "smtps"} or parts.path not in {"", "/"}:
        raise ValueError(hint)
    return SecretUrl(value)


def parse_database(value: str) -> SecretUrl:
    """`sqlite`, `sqlite:///absolute/path` or a PostgreSQL address."""
    hint = "sqlite, sqlite:///absolute/path or postgresql://user@host/database"
    if value == "sqlite" or re.fullmatch(r"sqlite:///[^/?#\0].*", value):
        return SecretUrl(value)
    if _split(value, hint).scheme != "postgresql" or "://" not in value:
        raise ValueError(hint)
    return SecretUrl(value)


def parse_email(value: str) -> str:
    """An address with one @ and no blanks."""
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", value) or not value.isprintable():
        raise ValueError("an e-mail address")
    return value


def parse_certificate(value: str) -> str:
    """PEM text with at least one certificate."""
    if "-----BEGIN CERTIFICATE-----" not in value:
        raise ValueError("a certificate in PEM form, usually {file: app.pem}")
    return value


def parse_path(value: str) -> Path:
    """A path of this machine; the reader counts it from the file's own folder."""
    if not value or "\0" in value:
        raise ValueError("a path, not empty")
    return Path(value)


def parse_secret(value: str) -> Secret:
    """Any text but none at all."""
    if not value:
        raise ValueError("a secret that is not empty")
    return Secret(value)


def parse_hash(value: str) -> HashText:
    """A password hash of one line in any of the imported forms."""
    return HashText(parse_name(value))


def parse_totp_secret(value: str) -> Secret:
    """A shared key in Base32 (RFC 6238), blanks and padding ignored."""
    text = value.replace(" ", "").rstrip("=").upper()
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 10:
        raise ValueError("Base32 of at least 80 bits, 16 letters and digits 2-7")
    return Secret(text)


def _split(value: str, hint: str) -> SplitResult:
    """Take an address apart; blanks, odd ports and brackets are refused."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError(hint) from None
    if not value.isprintable() or " " in value:
        raise ValueError(hint)
    return parts


def _check_host(parts: SplitResult) -> None:
    """A host name of ASCII letters, digits, hyphens and dots, or an IP address."""
    host = parts.hostname or ""
    if not _HOST.fullmatch(host):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError("an address with a host name or IP address") from None


Duration = Annotated[int, _reads(parse_duration, "duration")]
Guid = Annotated[str, _reads(parse_guid, "GUID")]
ClientId = Annotated[str, _reads(parse_client_id, "client id")]
Name = Annotated[str, _reads(parse_name, "name")]
Word = Annotated[str, _reads(parse_word, "word")]
TenantName = Annotated[str, _reads(parse_tenant_name, "name")]
Domain = Annotated[str, _reads(parse_domain, "domain")]
Auth0Domain = Annotated[str, _reads(parse_auth0_domain, "host[:port][/prefix]")]
ListenAddress = Annotated[Address, _reads(parse_address, "host:port")]
Network = Annotated[str, _reads(parse_network, "network")]
BaseUrl = Annotated[str, _reads(parse_base_url, "URL")]
Origin = Annotated[str, _reads(parse_origin, "origin")]
WebUrl = Annotated[str, _reads(parse_web_url, "URL")]
RedirectUri = Annotated[str, _reads(parse_redirect_uri, "URI")]
LdapUrl = Annotated[str, _reads(parse_ldap_url, "LDAP URL")]
SmtpUrl = Annotated[SecretUrl, _reads(parse_smtp_url, "SMTP URL")]
Database = Annotated[SecretUrl, _reads(parse_database, "database URL")]
Email = Annotated[str, _reads(parse_email, "e-mail address")]
Certificate = Annotated[str, _reads(parse_certificate, "PEM certificate")]
SecretText = Annotated[Secret, _reads(parse_secret, "secret")]
Hash = Annotated[str, _reads(parse_hash, "hash")]
TotpSecret = Annotated[Secret, _reads(parse_totp_secret, "secret")]
FilePath = Annotated[Path, _reads(parse_path, "path")]
