"""Upstreams asked once and apart from a server, in an operator's words.

Nothing here counts a wrong password or opens a breaker of a running server.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Final

from ostiary.connections import Means, make_upstream
from ostiary.connections.upstream import (
    Away,
    Grade,
    Registered,
    Remark,
    Unserved,
    Upstream,
)
from ostiary.core.errors import Reason
from ostiary.flows.manage.reasons import MEANINGS

SECONDS: Final = 8.0
"""How long one examination may take."""
CLOSING_SECONDS: Final = 2.0
MENDS: Final[Mapping[str, str]] = {
    "AADSTS7000218": "give client_secret, or allow public client flows there",
    "AADSTS7000215": "client_secret is wrong: give it anew",
    "AADSTS7000222": "client_secret has expired there: make another one",
    "AADSTS700016": "no application of that client_id is in that tenant",
    "AADSTS90002": "there is no such tenant: check `authority`",
    "AADSTS9001023": "end `authority` in the tenant's id or domain",
    "AADSTS50194": "end `authority` in the tenant's id or domain",
    "AADSTS650057": "register the delegated permissions openid, profile and email",
}
"""What to do about Entra ID's refusals of an application, by their numbers."""
_NUMBER: Final = re.compile("(AADSTS|MSIS)[0-9]+")


@contextlib.asynccontextmanager
async def open_upstream(
    strategy: str, registered: Registered, means: Means
) -> AsyncIterator[Upstream]:
    """The upstream of a connection, closed again at the end.

    Raises Away, with the text of what this installation or the options lack.
    """
    try:
        upstream = make_upstream(strategy, registered, means)
    except (Unserved, ValueError, OSError) as wrong:
        raise Away(Reason.DIRECTORY_MISCONFIGURED, str(wrong)) from None
    try:
        yield upstream
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await upstream.close()


async def examine(
    strategy: str, registered: Registered, means: Means, seconds: float = SECONDS
) -> tuple[Remark, ...]:
    """What an operator should know of a connection, at the price of one bind."""
    try:
        async with open_upstream(strategy, registered, means) as upstream:
            async with asyncio.timeout(seconds):
                return await upstream.examine()
    except Away as away:
        return (remark_of(away),)
    except TimeoutError:
        return (remark_of(Away(Reason.DIRECTORY_TIMEOUT, f"{seconds:.0f} s")),)
    except Exception as defect:
        text = f"could not be examined: {type(defect).__name__}"
        return (Remark(Grade.FAIL, text, "please report it"),)


def remark_of(away: Away) -> Remark:
    """Why nobody could tell, in plain words."""
    if away.reason is Reason.DIRECTORY_MISCONFIGURED and away.detail:
        bare = _NUMBER.fullmatch(away.detail)
        text = f"the upstream refuses our application: {bare[0]}" if bare else None
        return Remark(Grade.FAIL, text or away.detail, MENDS.get(away.detail, ""))
    meaning = MEANINGS[away.reason]
    text = meaning.why.removesuffix(".")
    return Remark(
        Grade.FAIL,
        f"{text}: {away.detail}" if away.detail else text,
        "" if "connection test" in meaning.remedy else meaning.remedy,
    )
