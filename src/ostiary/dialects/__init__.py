"""How it is said: one package for each wire protocol.

DIALECTS names them; a new one is a package and a line here.
"""

from collections.abc import Callable, Mapping
from typing import Final

from ostiary.core.model import Resource
from ostiary.dialects.entra.default_resource import GRAPH
from ostiary.dialects.entra.routes import entra
from ostiary.dialects.site import Site
from ostiary.flows.ports import Ports
from ostiary.web import Front

DEFAULT_RESOURCES: Final[tuple[Resource, ...]] = (GRAPH,)
"""The resources that exist at every tenant; scopes without one belong to the first."""

DIALECTS: Final[Mapping[str, Callable[[Site, Ports], Front]]] = {"entra": entra}
