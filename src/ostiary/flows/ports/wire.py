"""What a flow asks of the dialect that a request came in by.

One object for each request or family of endpoints; nothing of it is stored.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ostiary.core.errors import Reason
from ostiary.core.model import Client, ConnectionSettings, Tenant
from ostiary.core.policy import Policy
from ostiary.core.request import Grant
from ostiary.flows.facts import AccessToken, IdToken, Unsigned


class Wire(Protocol):
    """What a flow asks of the dialect that a request came in by."""

    def policy(self, tenant: Tenant) -> Policy:
        """How this dialect wants the shared rules applied at this tenant."""
        ...

    def grant_names(self, client: Client, grant_type: str) -> Sequence[str]:
        """Registered names each of which opens this grant, the wire's own one first.

        Raises Refused(CLIENT_NOT_SERVED) for a client that has no business here.
        """
        ...

    def access_token(self, grant: Grant) -> Unsigned:
        """The claims of the access token."""
        ...

    def id_token(self, grant: Grant) -> Unsigned:
        """The claims of the id_token."""
        ...

    def audiences(self, tenant: Tenant) -> frozenset[str]:
        """The audiences that a client assertion may name (RFC 7523 §3)."""
        ...

    def code(self, reason: Reason) -> str:
        """The dialect's own number for what the caller is told."""
        ...

    def read_access_token(self, claims: Mapping[str, object]) -> AccessToken | None:
        """An access token of ours from its verified claims; None for another kind."""
        ...

    def read_id_token(self, claims: Mapping[str, object]) -> IdToken | None:
        """An id_token of ours from its verified claims; None for another kind."""
        ...

    def id_within(self, settings: ConnectionSettings, subject: str) -> str | None:
        """The external id of a user of that connection from what the wire calls them.

        None when it calls no user of that connection so.
        """
        ...
