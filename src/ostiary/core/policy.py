"""Policy: one named field for every point on which dialects or editions disagree.

Rules ask a field; nobody asks which dialect it is. Values come from the dialects.
"""

from dataclasses import dataclass

from ostiary.core.model import Resource


@dataclass(frozen=True, slots=True)
class Policy:
    """How one wire protocol, at one tenant, wants the shared rules applied.

    default_resource: what scopes without a resource belong to.
    password_clients_public_only: the password grant is for public clients alone.
    public_credential_ignored: a public client's secret is ignored, not refused.
    hide_unknown_users: unknown users and such look like a wrong password.
    refresh_token_always: user grants get a refresh token without asking for one.
    refresh_token_by_resource: the resource must allow refresh tokens.
    """

    default_resource: Resource
    password_clients_public_only: bool = False
    public_credential_ignored: bool = False
    hide_unknown_users: bool = True
    refresh_token_always: bool = False
    refresh_token_by_resource: bool = False
