"""Strategy `auth0`: passwords kept here, as slow hashes in our own store.

A name of nobody costs the same: it is verified against a hash that nothing matches.
So does a hash brought in from elsewhere that is quicker than ours.
"""

from dataclasses import dataclass

from ostiary.connections.hashes import (
    dummy_hash,
    hash_password,
    is_quicker,
    needs_rehash,
    verify_password,
)
from ostiary.connections.lane import HashLane
from ostiary.core.accounts import fold
from ostiary.core.model import HashRules, Tenant
from ostiary.flows.facts import Candidate, Claimed, Rejected, Unreachable, Verified


@dataclass(frozen=True, slots=True)
class DatabaseConnection:
    """Port `Connection` over stored hashes, checked in the bounded lane."""

    name: str
    lane: HashLane
    provisions: bool = False

    async def find(self, username: str) -> Candidate:
        """Nobody is looked up here: our own store knows who has which name."""
        return Candidate(fold(username))

    async def pretend(self, candidate: Candidate) -> None:
        """Nothing to wait for: every password is checked."""

    async def verify(
        self, tenant: Tenant, claimed: Claimed, password: str
    ) -> Verified | Rejected | Unreachable:
        """Check a password; costs the same for an account that does not exist.

        Raises Overloaded past the lane's capacity.
        """
        rules, account = tenant.password_hash, claimed.account
        stored = account.password_hash if account else None
        against = stored or dummy_hash(rules)
        right, new_hash = await self.lane.run(
            tenant.id, lambda: _check(password, against, rules)
        )
        return Verified(new_hash) if right and stored else Rejected()


def _check(password: str, stored: str, rules: HashRules) -> tuple[bool, str | None]:
    if not verify_password(password, stored):
        if is_quicker(stored, rules):
            verify_password(password, dummy_hash(rules))
        return False, None
    outdated = needs_rehash(stored, rules)
    return True, hash_password(password, rules) if outdated else None
