"""Import contracts that import-linter does not bring along, for pyproject.toml.

Only what no contract of its own can say; who may import whom stands in pyproject.toml.
"""

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class StandardLibraryOnly(Contract):
    """The named packages import themselves and the standard library, nothing else.

    Style §1: "core … imports only the standard library". A forbidden list would let
    the next new dependency through.
    """

    packages = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every direct import of every module of the packages."""
        strangers = [
            (module, imported)
            for package in self.packages  # type: ignore[attr-defined]
            for module in sorted({package, *graph.find_descendants(package)})
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if imported.split(".")[0] not in sys.stdlib_module_names
            and imported.split(".")[:2] != package.split(".")
        ]
        return ContractCheck(kept=not strangers, metadata={"strangers": strangers})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each import that should not be."""
        for module, imported in check.metadata["strangers"]:
            output.print_error(f"{module} imports {imported}")
