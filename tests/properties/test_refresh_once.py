"""A one-time refresh token wins once, however often and wherever it is used.

On both databases, from two nodes whose clocks do not agree (security promise 5).
"""

import asyncio
import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.core.errors import Reason
from ostiary.core.tokens import RefreshToken
from ostiary.stores.tokens import TokenStore
from tests.flows.values import NOON, STRICT, issue, refresh
from tests.properties.conftest import Nodes

SECONDS = 30
NUMBERS = itertools.count()
USES = st.lists(st.floats(-2, 2), min_size=1, max_size=6)
"""Uses at the same time: by how much each one's clock is wrong, in seconds."""
ROUNDS = st.lists(st.tuples(st.integers(0, 9), USES), min_size=1, max_size=5)
"""Which of the tokens known by then (0: the newest), and how it is used."""


def fresh(session: int) -> RefreshToken:
    """A token nobody has seen, of that session."""
    return refresh(f"token {next(NUMBERS)}", session_id=f"session {session}")


async def use(
    stores: list[TokenStore], spent: RefreshToken, session: int, skews: list[float]
) -> tuple[list[RefreshToken], list[Reason]]:
    """Use one token many times at once: what won, and why the others lost."""
    new = [fresh(session) for _ in skews]
    uses = (
        stores[n % 2].issue(issue(new[n], spent, now=NOON + skew, rules=STRICT))
        for n, skew in enumerate(skews)
    )
    told = await asyncio.wait_for(asyncio.gather(*uses), SECONDS)
    won = [token for token, reason in zip(new, told, strict=True) if reason is None]
    return won, [reason for reason in told if reason is not None]


async def play(nodes: Nodes, rounds: list[tuple[int, list[float]]]) -> None:
    """Play the rounds of one session and check after each."""
    stores, session = [TokenStore(nodes.here), TokenStore(nodes.there)], next(NUMBERS)
    chain = [fresh(session)]
    await stores[0].issue(issue(chain[0]))
    spent: set[str] = set()
    ended = False
    for back, skews in rounds:
        token = chain[-1 - min(back, len(chain) - 1)]
        won, lost = await use(stores, token, session, skews)
        good = token.sha256 not in spent and not ended
        assert len(won) == (1 if good else 0)
        spent.add(token.sha256)
        ended = ended or bool(lost)
        chain += won
        if lost and not good:
            assert set(lost) <= {Reason.REFRESH_REUSED, Reason.REFRESH_REVOKED}
        for known in chain:
            stored = await stores[1].find_refresh(known.sha256)
            assert stored is not None
            assert stored.revoked is ended
            assert (stored.used_at is not None) is (
                known.sha256 in spent & _used(chain)
            )


def _used(chain: list[RefreshToken]) -> set[str]:
    """All but the newest have a successor, so they were used."""
    return {token.sha256 for token in chain[:-1]}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=ROUNDS)
def test_a_one_time_refresh_token_wins_once(
    nodes: Nodes, rounds: list[tuple[int, list[float]]]
) -> None:
    """Exactly one of all its uses, unless the family is dead; any other kills it."""
    nodes.runner.run(play(nodes, rounds))
