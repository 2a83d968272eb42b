"""One file for each grant type: the one step that is its own, "who is it?".

Everything that grants share is told in `flows.token`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ostiary.core.model import Client
from ostiary.core.names import CLIENT_CREDENTIALS, PASSWORD, REFRESH_TOKEN
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.facts import Registry
from ostiary.flows.grants.client_credentials import client_credentials
from ostiary.flows.grants.password import password
from ostiary.flows.grants.refresh_token import refresh_token

GrantStep = Callable[[Attempt, Registry, Client], Awaitable[Found]]

GRANTS: Final[Mapping[str, GrantStep]] = {
    PASSWORD: password,
    REFRESH_TOKEN: refresh_token,
    CLIENT_CREDENTIALS: client_credentials,
}
