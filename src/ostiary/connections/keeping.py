"""Keeping a hash of passwords that a directory accepted, to leave it one day.

Trickle migration: once the connection's strategy is `auth0`, the same people sign in
with the same passwords, and nobody asks the directory any more.
"""

from dataclasses import dataclass, replace

from ostiary.connections.guarded import GuardedConnection
from ostiary.connections.hash_form import UnknownHash
from ostiary.connections.hashes import hash_password, needs_rehash, verify_password
from ostiary.connections.lane import HashLane
from ostiary.core.model import HashRules, Tenant
from ostiary.flows.facts import Candidate, Claimed, Rejected, Unreachable, Verified


@dataclass(frozen=True, slots=True)
class KeepingConnection:
    """Port `Connection` that brings a new hash with a right password, when due."""

    inner: GuardedConnection
    lane: HashLane
    provisions: bool = True

    @property
    def name(self) -> str:
        """The connection's name in its tenant."""
        return self.inner.name

    async def find(self, username: str) -> Candidate | Unreachable:
        """Whom the directory means by a name."""
        return await self.inner.find(username)

    async def pretend(self, candidate: Candidate) -> None:
        """Take as long as a wrong password usually does."""
        await self.inner.pretend(candidate)

    async def verify(
        self, tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        """What the directory says; a hash of ours if none of the password is kept.

        Raises Overloaded past the lane's capacity.
        """
        verdict = await self.inner.verify(tenant, claimed, password)
        if not isinstance(verdict, Verified):
            return verdict
        account, rules = claimed.account, tenant.password_hash
        kept = account.password_hash if account else None
        new_hash = await self.lane.run(tenant.id, lambda: _due(password, kept, rules))
        return replace(verdict, new_hash=new_hash)


def _due(password: str, kept: str | None, rules: HashRules) -> str | None:
    """The hash to keep from now on; None if the one that is kept is good."""
    try:
        known = kept is not None and verify_password(password, kept)
    except UnknownHash:
        known = False
    if known and kept is not None and not needs_rehash(kept, rules):
        return None
    return hash_password(password, rules)
