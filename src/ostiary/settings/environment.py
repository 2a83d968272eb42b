"""The environment's say: `OSTIARY_SERVER__…` variables laid over the file's `server`.

Nothing here knows a setting; unknown names are caught by the reader like any key.
"""

from collections.abc import Mapping

from ostiary.settings.document import parse_document, parse_plain
from ostiary.settings.problems import KeyPath, Place, Places, Problem, SettingsError

PREFIX = "OSTIARY_SERVER__"


def overlay_environment(
    tree: dict[str, object], places: Places, environ: Mapping[str, str]
) -> dict[KeyPath, str]:
    """Put the variables' values into `tree`; answer the text of each plain one.

    `OSTIARY_SERVER__TLS__KEY` stands for `server.tls.key`. The texts let a string
    setting take a variable as it is, although YAML would read `123` as a number.
    Raises SettingsError naming a variable whose value is a broken list or mapping.
    """
    texts: dict[KeyPath, str] = {}
    for name in sorted(n for n in environ if n.startswith(PREFIX)):
        keys = tuple(name[len(PREFIX) :].lower().split("__"))
        path = ("server", *keys)
        value = _value(name, environ[name], path)
        if _put(tree, path, value):
            places.replace(path, Place(name))
            if not isinstance(value, (list, dict)):
                texts[path] = environ[name]
    return texts


def _value(name: str, text: str, path: KeyPath) -> object:
    """Read a value as YAML's one-line forms: list, mapping, quoted or plain scalar."""
    start = text.lstrip()[:1]
    if start not in ("[", "{", "'", '"'):
        return parse_plain(text)
    try:
        return parse_document(text, name)[0]
    except SettingsError as error:
        if start in ("'", '"'):
            return text  # a password may well begin with a quote
        raise SettingsError(
            Problem(Place(name), path + problem.path, problem.text)
            for problem in error.problems
        ) from None


def _put(tree: dict[str, object], path: tuple[str, ...], value: object) -> bool:
    """Set a nested key; False when the file's `server` is no mapping to begin with."""
    # Copies keep the values of a YAML alias, which shares them, as they were.
    inner = tree
    for depth, key in enumerate(path[:-1]):
        below = inner.get(key, {})
        if not isinstance(below, dict) and depth == 0:
            return False
        copy: dict[str, object] = dict(below) if isinstance(below, dict) else {}
        inner[key] = copy
        inner = copy
    inner[path[-1]] = value
    return True
