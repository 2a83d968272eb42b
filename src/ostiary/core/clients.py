"""Clients: who they are, how they prove it, which grants they may use.

Pure judgement; hashing of secrets and signatures of assertions are handed in.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence, Set

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, Tenant
from ostiary.core.names import (
    CLIENT_CREDENTIALS,
    INTROSPECTION,
    PASSWORD,
    SAML_BEARERS,
)
from ostiary.core.policy import Policy
from ostiary.core.request import ClientCredential, TenantRef

CLOCK_SKEW = 300
"""Seconds that a client's clock may be ahead (contract entra §4.3)."""
LONGEST_ASSERTION = 24 * 3600
"""Seconds that a client assertion may live at most (contract entra §4.3)."""


def secret_sha256(secret: str) -> str:
    """What is stored of a client secret: SHA-256 in hex.

    Client secrets are long and random, so a fast hash is enough.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def check_enabled(client: Client) -> None:
    """A disabled application gets nothing (contract entra §6.3, 7000112)."""
    if not client.enabled:
        raise Refused(Reason.CLIENT_DISABLED, client_id=client.client_id)


def check_one_credential(credential: ClientCredential) -> None:
    """At most one way of client authentication at once (RFC 6749 §2.3)."""
    if credential.secret is not None and credential.assertion is not None:
        raise Refused(Reason.CLIENT_CREDENTIALS_SEVERAL)


def needs_credential(client: Client, grant_type: str, policy: Policy) -> bool:
    """Whether this client must authenticate for this grant.

    A grant without redirect address cannot tell a public client from a confidential
    one, so the registration decides; `client_credentials` and introspection always need
    one.
    Seeds 001 (parameters client_secret, client_assertion) and 002 (invalid_client).
    """
    if grant_type in (CLIENT_CREDENTIALS, INTROSPECTION):
        return True
    if policy.credential_optional:
        return False
    if grant_type == PASSWORD and policy.password_clients_public_only:
        if not client.public:
            raise Refused(Reason.CLIENT_NOT_PUBLIC, client_id=client.client_id)
        return False
    return not client.public


def check_credential_presence(
    client: Client, credential: ClientCredential, *, needed: bool, policy: Policy
) -> bool:
    """Whether a credential is there to be verified.

    Public clients must not send one, confidential ones must (seed 001); the 2018
    editions ignore what a public client sends.
    """
    present = credential.secret is not None or credential.assertion is not None
    if needed:
        if not present:
            raise Refused(Reason.CLIENT_CREDENTIAL_MISSING, client_id=client.client_id)
        return True
    if present and not client.public:
        return True
    if present and not policy.public_credential_ignored:
        raise Refused(Reason.CLIENT_CREDENTIAL_UNWANTED, client_id=client.client_id)
    return False


def shares_key(client: Client) -> bool:
    """Whether its id_tokens are signed with its own secret (HS256, RFC 7518 §3.2).

    Never those of a public client, which can keep none (contract auth0 §3.3).
    """
    settings = client.options.get("id_token")
    chosen = isinstance(settings, Mapping) and settings.get("algorithm") == "HS256"
    return chosen and not client.public


def shared_key_context(client: Client) -> str:
    """The seal's context of a client's secrets."""
    return f"client:{client.tenant_id}:{client.client_id}"


def sealed_key(client: Client, now: float) -> str:
    """The sealed secret that signs: the first that is alive; "" for none.

    While a new one is brought in, the old one signs until it expires or is removed.
    """
    if not shares_key(client):
        return ""
    for stored in client.secrets:
        if stored.sealed and (stored.expires_at is None or stored.expires_at > now):
            return stored.sealed
    return ""


def check_secret(client: Client, secret: str, now: float) -> None:
    """The secret must be one of the client's, and not expired.

    Compared in constant time against every stored one (contract entra §4.2).
    """
    offered = secret_sha256(secret)
    good = expired = False
    for stored in client.secrets:
        if hmac.compare_digest(stored.sha256, offered):
            alive = stored.expires_at is None or stored.expires_at > now
            good, expired = good or alive, expired or not alive
    if good:
        return
    if expired:
        raise Refused(Reason.CLIENT_SECRET_EXPIRED, client_id=client.client_id)
    raise Refused(Reason.CLIENT_SECRET_WRONG, client_id=client.client_id)


def check_assertion_claims(
    client: Client, claims: Mapping[str, object], audiences: Set[str], now: float
) -> float:
    """Judge the claims of a client assertion whose signature was right.

    Returns the time (epoch seconds) at which it expires. RFC 7523 §3 and contract
    entra §4.3: issuer and subject are the client, the audience is one of ours, and
    the times hold.
    """
    named = {str(claims.get("iss")).lower(), str(claims.get("sub")).lower()}
    if named != {client.client_id.lower()}:
        raise Refused(Reason.ASSERTION_SUBJECT, client_id=client.client_id)
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    ours = {address.lower() for address in audiences}  # tenants match without case
    if not any(isinstance(name, str) and name.lower() in ours for name in meant):
        raise Refused(Reason.ASSERTION_AUDIENCE, client_id=client.client_id)
    expires = claims.get("exp")
    if not isinstance(expires, float):
        raise Refused(Reason.ASSERTION_MALFORMED, client_id=client.client_id)
    starts = [claims[name] for name in ("nbf", "iat") if name in claims]
    early = any(isinstance(at, float) and at > now + CLOCK_SKEW for at in starts)
    if expires <= now or expires > now + LONGEST_ASSERTION or early:
        raise Refused(Reason.ASSERTION_EXPIRED, client_id=client.client_id)
    return expires


def check_alias(ref: TenantRef, grant_type: str) -> None:
    """An alias that names no tenant serves only the grants that it lists.

    Seed 001, parameter `tenant` and error `invalid_request`.
    """
    if ref.alias and grant_type not in ref.grant_types:
        raise Refused(Reason.TENANT_ALIAS_REFUSED, alias=ref.value)


def check_home(client: Client, ref: TenantRef) -> None:
    """Only a multi-tenant client may let the user's own tenant be found (50194)."""
    if ref.home and not client.multi_tenant:
        raise Refused(Reason.CLIENT_SINGLE_TENANT, client_id=client.client_id)


def check_grant_allowed(
    tenant: Tenant, client: Client, grant_type: str, names: Sequence[str]
) -> None:
    """The client holds the grant, and the tenant's door for passwords is open.

    `names`: each of them in the client's registration opens this grant; the first is
    its name on the wire. Both are shut until an administrator opens them (security
    promises, "said plainly first"); an assertion of a federated user that only the
    password grant lets in stays out with it.
    """
    held = client.grant_types.intersection(names)
    if not held:
        raise Refused(
            Reason.GRANT_NOT_ALLOWED, grant_type=names[0], client_id=client.client_id
        )
    by_password = grant_type == PASSWORD or (
        grant_type in SAML_BEARERS and held == {PASSWORD}
    )
    if by_password and not tenant.password_grant:
        raise Refused(Reason.PASSWORD_GRANT_OFF, grant_type=names[0])
