"""What the token store promises, on SQLite and PostgreSQL: rotation and revocation.

What happens when many ask at once is in `test_tokens_parallel.py`.
"""

import pytest

from ostiary.core.errors import Reason
from ostiary.core.model import RefreshRules
from ostiary.core.tokens import RefreshToken
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import GuessKeys
from ostiary.flows.manage.changes import PutUser
from ostiary.stores.audit import AuditLog
from ostiary.stores.database import Database
from ostiary.stores.estate import StoredEstate
from ostiary.stores.guesses import GuessCounters
from ostiary.stores.people import UserStore
from ostiary.stores.tokens import TokenStore
from tests.flows.values import (
    ALICE,
    DAY,
    LENIENT,
    NOON,
    REUSABLE,
    STRICT,
    TENANT,
    event,
    issue,
    refresh,
    tenant,
    trace,
    user,
)

FIRST, SECOND, THIRD = refresh("first"), refresh("second"), refresh("third")


@pytest.fixture
def tokens(database: Database) -> TokenStore:
    """Port `Tokens` over the database."""
    return TokenStore(database)


async def found(tokens: TokenStore, token: RefreshToken) -> RefreshToken:
    """What is stored of a token that is there."""
    stored = await tokens.find_refresh(token.sha256)
    assert stored is not None
    return stored


async def outcomes(database: Database) -> list[tuple[str, str]]:
    """Outcome and reason of every record, oldest first."""
    return [(e.outcome, e.reason) for _, e in await AuditLog(database).tail(100)]


async def test_a_token_is_found_by_its_hash_as_it_was_stored(
    tokens: TokenStore,
) -> None:
    """Every field comes back; the token itself and an unknown hash find nothing."""
    assert await tokens.issue(issue(FIRST)) is None
    assert await found(tokens, FIRST) == FIRST
    assert await tokens.find_refresh("first") is None
    assert await tokens.find_refresh(sha256_hex("unknown")) is None


async def test_rotation_uses_a_token_up_and_keeps_its_session(
    tokens: TokenStore,
) -> None:
    """The old one is marked used at that moment, the new one belongs to its session."""
    await tokens.issue(issue(FIRST))
    later = refresh("second", expires_at=NOON + 91 * DAY)
    assert await tokens.issue(issue(later, FIRST, now=NOON + DAY)) is None
    assert (await found(tokens, FIRST)).used_at == NOON + DAY
    new = await found(tokens, SECOND)
    assert (new.session_id, new.used_at, new.revoked) == ("session", None, False)
    assert new.expires_at == NOON + 91 * DAY


@pytest.mark.parametrize("again", [0.0, 1.0, DAY])
async def test_a_second_use_ends_the_family_in_strict_mode(
    tokens: TokenStore, again: float
) -> None:
    """REFRESH_REUSED, and every token of the session is revoked (promise 5, REF-02)."""
    await tokens.issue(issue(FIRST))
    await tokens.issue(issue(SECOND, FIRST))
    refusal = await tokens.issue(issue(THIRD, FIRST, now=NOON + again))
    assert refusal is Reason.REFRESH_REUSED
    assert (await found(tokens, FIRST)).revoked
    assert (await found(tokens, SECOND)).revoked
    assert await tokens.find_refresh(THIRD.sha256) is None
    assert await tokens.issue(issue(THIRD, SECOND)) is Reason.REFRESH_REVOKED


async def test_strict_mode_does_not_depend_on_clocks_that_agree(
    tokens: TokenStore,
) -> None:
    """A second use that calls itself earlier than the first is a reuse all the same.

    Two nodes' clocks differ, and on one node what began first may be written last.
    """
    await tokens.issue(issue(FIRST))
    assert await tokens.issue(issue(SECOND, FIRST, now=NOON + 1)) is None
    earlier = issue(THIRD, FIRST, now=NOON + 0.5)
    assert await tokens.issue(earlier) is Reason.REFRESH_REUSED
    assert (await found(tokens, SECOND)).revoked


async def test_within_the_leeway_an_unused_successor_allows_another_try(
    tokens: TokenStore,
) -> None:
    """The first answer was probably lost (interface §3, refresh tokens)."""
    await tokens.issue(issue(FIRST, rules=LENIENT))
    await tokens.issue(issue(SECOND, FIRST, rules=LENIENT))
    again = issue(THIRD, FIRST, rules=LENIENT, now=NOON + 29)
    assert await tokens.issue(again) is None
    assert not (await found(tokens, THIRD)).revoked


@pytest.mark.parametrize(("after", "successor_used"), [(30.0, False), (1.0, True)])
async def test_the_leeway_ends_with_time_or_with_the_successors_use(
    tokens: TokenStore, after: float, successor_used: bool
) -> None:
    """Thirty seconds later, or once the successor was used, it is a reuse."""
    await tokens.issue(issue(FIRST, rules=LENIENT))
    await tokens.issue(issue(SECOND, FIRST, rules=LENIENT))
    if successor_used:
        await tokens.issue(issue(THIRD, SECOND, rules=LENIENT))
    again = issue(refresh("fourth"), FIRST, rules=LENIENT, now=NOON + after)
    assert await tokens.issue(again) is Reason.REFRESH_REUSED
    assert (await found(tokens, SECOND)).revoked


async def test_reuse_may_be_allowed(tokens: TokenStore) -> None:
    """Entra's own habit: the old token stays good, its first use stays noted."""
    await tokens.issue(issue(FIRST, rules=REUSABLE))
    for number in range(3):
        new = refresh(f"new {number}")
        at = NOON + number
        assert await tokens.issue(issue(new, FIRST, rules=REUSABLE, now=at)) is None
        assert not (await found(tokens, new)).revoked
    assert (await found(tokens, FIRST)).used_at == NOON


async def test_an_ended_session_issues_nothing_even_where_reuse_is_allowed(
    tokens: TokenStore,
) -> None:
    """Revoked means refused on the very next request (promise 5)."""
    await tokens.issue(issue(FIRST, rules=REUSABLE))
    await tokens.revoke_session("session", event("revoked"))
    refusal = await tokens.issue(issue(SECOND, FIRST, rules=REUSABLE))
    assert refusal is Reason.REFRESH_REVOKED
    assert await tokens.find_refresh(SECOND.sha256) is None


@pytest.mark.parametrize("rules", [STRICT, LENIENT, REUSABLE])
async def test_a_token_that_vanished_is_revoked(
    tokens: TokenStore, rules: RefreshRules
) -> None:
    """A token swept between look-up and use gives nothing."""
    assert await tokens.issue(issue(SECOND, FIRST, rules=rules)) is (
        Reason.REFRESH_REVOKED
    )
    assert await tokens.find_refresh(SECOND.sha256) is None


async def test_every_issue_leaves_exactly_one_record(
    tokens: TokenStore, database: Database
) -> None:
    """Granted, granted, refused with the true reason (promise 10)."""
    await tokens.issue(issue(FIRST))
    await tokens.issue(issue(SECOND, FIRST))
    await tokens.issue(issue(THIRD, FIRST))
    assert await outcomes(database) == [
        ("granted", ""),
        ("granted", ""),
        ("refused", "refresh_reused"),
    ]


async def test_revoking_a_session_spares_the_others(tokens: TokenStore) -> None:
    """Only tokens of that session die; a second revocation changes nothing."""
    other = refresh("other", session_id="other session")
    await tokens.issue(issue(FIRST))
    await tokens.issue(issue(other))
    assert not await tokens.is_revoked("token", "session")
    await tokens.revoke_session("session", event("revoked"))
    await tokens.revoke_session("session", event("revoked", at=NOON + 1))
    assert (await found(tokens, FIRST)).revoked
    assert not (await found(tokens, other)).revoked
    assert await tokens.is_revoked("token", "session")
    assert not await tokens.is_revoked("token", "other session")


async def test_revoking_one_access_token_spares_its_session(
    tokens: TokenStore, database: Database
) -> None:
    """The id alone is dead; twice is as good as once; both acts are on record."""
    await tokens.issue(issue(FIRST))
    for _ in range(2):
        await tokens.revoke_token("token", NOON + 3600, event("revoked"))
    assert await tokens.is_revoked("token", "session")
    assert not await tokens.is_revoked("sibling", "session")
    assert not (await found(tokens, FIRST)).revoked
    assert (await outcomes(database))[1:] == [("revoked", ""), ("revoked", "")]


async def test_a_key_is_claimed_once(tokens: TokenStore) -> None:
    """The first claim wins for good; another key is another matter (CLI-06)."""
    assert await tokens.claim_once("assertion", NOON + 600)
    assert not await tokens.claim_once("assertion", NOON + 600)
    assert not await tokens.claim_once("assertion", NOON + 9000)
    assert await tokens.claim_once("another", NOON + 600)


async def test_a_better_hash_replaces_only_the_one_that_was_checked(
    tokens: TokenStore, database: Database
) -> None:
    """A password that changed meanwhile keeps its new hash."""
    estate, people = StoredEstate(database), UserStore(database)
    await estate.write([PutUser(user(), NOON, "old")], event("applied"))
    known = event(user_id=ALICE)
    for old, expected in (("stale", "old"), ("old", "new")):
        await tokens.issue(issue(event=known, new_hash=(old, "new")))
        account = await people.find(TENANT, ALICE)
        assert account is not None
        assert account.password_hash == expected


async def test_a_good_sign_in_resets_counter_and_remembers_the_place(
    tokens: TokenStore, database: Database
) -> None:
    """Both in the transaction of the issue; a refused issue resets nothing."""
    guesses = GuessCounters(database, b"key")
    keys: GuessKeys = guesses.keys(TENANT, ALICE, "wrong", trace())
    wrong = event("refused")
    await guesses.record_failure(tenant(), keys, NOON, wrong, wrong)
    await tokens.issue(issue(SECOND, FIRST, guess=keys))
    assert (await guesses.state(TENANT, keys, NOON)).failures.count == 1
    await tokens.issue(issue(FIRST, guess=keys))
    state = await guesses.state(TENANT, keys, NOON)
    assert (state.failures.count, state.place) == (0, "known")
