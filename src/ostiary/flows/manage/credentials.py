"""Credentials that are declared: which of them is really a new one.

A declared credential counts once. What it brought is remembered, so that applying it
again neither undoes a later change of password nor lowers a hash that was renewed.
"""

from ostiary.core.model import Tenant
from ostiary.flows.digests import sha256_hex
from ostiary.flows.manage.declaration import DeclaredUser, StoredUser
from ostiary.flows.manage.ports import Planning


def mfa_context(user_id: str) -> str:
    """The seal's context of a user's TOTP secret."""
    return f"mfa:{user_id}"


async def new_password(
    planning: Planning,
    tenant: Tenant,
    declared: DeclaredUser,
    before: StoredUser | None,
) -> tuple[str | None, str | None]:
    """The hash to store and what to remember of it; None where nothing changes."""
    if declared.password_hash is not None:
        source = sha256_hex(declared.password_hash)
        if before and before.password_source == source:
            return None, None
        return declared.password_hash, source
    if declared.password is None:
        return None, None
    hashes, password = planning.hashes, declared.password
    for known in (before.password_hash, before.password_source) if before else ():
        if known and await hashes.matches(password, known):
            return None, None
    made = await hashes.make(password, tenant.password_hash)
    return made, made


def new_mfa_secret(
    planning: Planning, user_id: str, secret: str | None, before: StoredUser | None
) -> str | None:
    """The sealed TOTP secret to store; None when it is there already."""
    if secret is None:
        return None
    context = mfa_context(user_id)
    stored = before.mfa_secret if before else ""
    if stored and planning.vault.open(stored, context) == secret:
        return None
    return planning.vault.seal(secret, context)
