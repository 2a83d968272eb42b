"""An identity provider that takes OAuth's password grant and answers with an id_token.

What sets one apart from the next (its words, claims and ids) is handed in: `entra` and
`adfs` say it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ostiary.connections.openid_profile import anybody
from ostiary.connections.openid_provider import OpenIdProvider, object_of
from ostiary.connections.openid_remarks import grant_form, option, remarks_on
from ostiary.connections.upstream import Registered, Remark
from ostiary.connections.upstream_http import UpstreamHttp
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified
from ostiary.flows.ports import Clock


@dataclass(frozen=True, slots=True)
class Habits:
    """How one kind of provider is to be taken.

    metadata: the path of its document below the authority. refusal: what a refusal and
    its Retry-After say of the password; raises Away when that is nothing. profile: who
    signed in, from proven claims and the name as typed; raises Away for anybody but
    who was asked about. remarks: what an operator should know of its options.
    """

    metadata: str
    refusal: Callable[[Mapping[str, object], int | None], Rejected]
    profile: Callable[[dict[str, object], str], Profile]
    remarks: tuple[Remark, ...] = ()


class OpenIdUpstream:
    """Port `Upstream` over such a provider."""

    def __init__(
        self,
        registered: Registered,
        networks: tuple[str, ...],
        clock: Clock,
        habits: Habits,
    ) -> None:
        """Ask nothing yet. Raises Unserved, ValueError for the options."""
        authority = option(registered, "authority").rstrip("/")
        self._client_id = option(registered, "client_id")
        self._secret = registered.secrets.get("client_secret")
        self._habits = habits
        self._http = UpstreamHttp(registered, networks, authority)
        document = f"{authority}/{habits.metadata}"
        self._provider = OpenIdProvider(self._http, document, clock.now)

    async def find(self, username: str) -> Candidate:
        """Anybody: whom it means it only tells with the password."""
        return anybody(username)

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """Ask for an id_token with the password, and believe it if it is proven."""
        metadata = await self._provider.metadata()
        form = grant_form(self._client_id, self._secret, username, password)
        answer = await self._http.post_form(metadata.token_endpoint, form)
        told = object_of(answer)
        if answer.status >= 400:
            return self._habits.refusal(told, answer.retry_after)
        claims = await self._provider.claims(told.get("id_token"), self._client_id)
        return Verified(profile=self._habits.profile(claims, username))

    async def look_up(self, username: str) -> Profile | None:
        """Nothing: without a password it tells of nobody."""
        return None

    async def probe(self) -> None:
        """Fetch its metadata."""
        await self._provider.metadata(anew=True)

    async def examine(self) -> tuple[Remark, ...]:
        """Metadata and keys."""
        return (*self._habits.remarks, *await remarks_on(self._provider))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
