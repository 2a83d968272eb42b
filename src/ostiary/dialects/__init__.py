"""How it is said: one package for each wire protocol.

DIALECTS names them; a new one is a package and a line here.
"""

from collections.abc import Callable, Mapping
from typing import Final

from ostiary.core.model import Resource
from ostiary.dialects.auth0.domain import PageAddresses
from ostiary.dialects.auth0.routes import auth0
from ostiary.dialects.entra.default_resource import GRAPH
from ostiary.dialects.entra.routes import entra
from ostiary.dialects.site import Site
from ostiary.flows.manage.administration import Desk
from ostiary.flows.ports import Pages, Ports
from ostiary.web import Front

DEFAULT_RESOURCES: Final[tuple[Resource, ...]] = (GRAPH,)
"""The resources that exist at every tenant; scopes without one belong to the first."""

PAGES: Final[Pages] = PageAddresses()
"""Where people find the pages that mails lead them to."""

DIALECTS: Final[Mapping[str, Callable[[Site, Ports, Desk], Front]]] = {
    "auth0": auth0,
    "entra": entra,
}
"""Asked in this order whose path a request's is: hosts tell more than paths."""
