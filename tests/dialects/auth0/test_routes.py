"""dialects.auth0.routes: which path leads where, however long the path is."""

from typing import Any

import pytest

from ostiary.dialects.auth0.routes import LONGEST_PATH, PATHS, find_route


@pytest.mark.parametrize("prefix", [(), ("contoso",), ("a", "b", "c")])
@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_path_is_found_behind_any_prefix(
    path: tuple[str, ...], prefix: tuple[str, ...]
) -> None:
    """`auth0_domain` may have a prefix of several parts (contract auth0 §0)."""
    found = find_route((*prefix, *path))
    assert found is not None
    assert found[1] == PATHS[path]


class Counting(list[str]):
    """Parts of a path; counts how often it is cut."""

    cuts = 0

    def __getitem__(self, key: Any) -> Any:
        """One part, or a cut."""
        Counting.cuts += isinstance(key, slice)
        return super().__getitem__(key)


def test_a_long_path_is_looked_at_from_its_end_alone() -> None:
    """Its length costs nothing: no more cuts are tried than the longest path has."""
    parts: Any = Counting(["oauth"] * 30_000)

    assert find_route(parts) is None
    assert 0 < Counting.cuts <= LONGEST_PATH


def test_other_paths_are_nobodys() -> None:
    """They are left to other fronts."""
    for path in ((), ("oauth",), ("oauth", "ro", "x"), ("oauth2", "v2.0", "token")):
        assert find_route(path) is None
