"""Policy: one named field for every point on which dialects or editions disagree.

Rules ask a field; nobody asks which dialect it is. Values come from the dialects.
"""

from dataclasses import dataclass
from enum import StrEnum

from ostiary.core.devices import DeviceRules
from ostiary.core.model import Resource, Rotation
from ostiary.core.password_policy import NO_LEAKS, Leaks


class SecondFactor(StrEnum):
    """How a sign-in that needs a second factor goes on."""

    REFUSED = "refused"
    """Not here: the user has to come by another way."""
    LATER = "later"
    """In a request of its own, which brings the token of the refusal."""
    REPEATED = "repeated"
    """In the same request, sent once more with the code."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How one wire protocol, at one tenant, wants the shared rules applied.

    default_resource: what scopes without a resource belong to.
    further_resources: others that exist at every tenant.
    family: refresh tokens are good only on wires of the family that issued them.
    access_token_lifetime: the usual one, in seconds.

    password_clients_public_only: the password grant is for public clients alone.
    public_credential_ignored: a public client's secret is ignored, not refused.
    credential_optional: a confidential client need not prove itself, but may.

    any_name: short names and mail addresses name a user too.
    claimed_names: who signed up may come before their address is verified.
    connection_by_domain: the domain of a user's name tells where they are checked.
    hide_unknown_users: unknown users and such look like a wrong password.
    repeats_bounded: wrong passwords that are no new guesses are bounded too.
    leaks: passwords kept here that are refused although they are right.
    second_factor: what becomes of users who must bring one.
    device_keys: how keys of devices sign in; None: they do not.
    federation_audience: whom assertions of federated domains are meant for.
    factors_resource: tokens for it change second factors, so whoever has one needs it.

    trusted_clients: clients of the tenant need neither declare a resource nor ask the
    user; only what is for administrators to allow needs their consent.
    only_asked: no more is granted than what was asked for, if anything was.
    unknown_scopes_ignored: a scope that nobody knows is no error.

    refresh_token_always: user grants get a refresh token without asking for one.
    refresh_token_by_resource: the resource must allow refresh tokens.
    refresh_token_by_device: only a named device gets one.
    rotation: of refresh tokens, whatever the tenant says.
    """

    default_resource: Resource
    further_resources: tuple[Resource, ...] = ()
    family: str = ""
    access_token_lifetime: int = 3600
    password_clients_public_only: bool = False
    public_credential_ignored: bool = False
    credential_optional: bool = False
    any_name: bool = False
    claimed_names: bool = False
    connection_by_domain: bool = True
    hide_unknown_users: bool = True
    repeats_bounded: bool = False
    leaks: Leaks = NO_LEAKS
    second_factor: SecondFactor = SecondFactor.REFUSED
    device_keys: DeviceRules | None = None
    federation_audience: str = ""
    factors_resource: str = ""
    trusted_clients: bool = False
    only_asked: bool = False
    unknown_scopes_ignored: bool = False
    refresh_token_always: bool = False
    refresh_token_by_resource: bool = False
    refresh_token_by_device: bool = False
    rotation: Rotation | None = None
