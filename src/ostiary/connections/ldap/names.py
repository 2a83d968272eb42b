"""The names people type, and the filters that find them: RFC 4515, escaped.

Nothing here asks a directory.
"""

import re
from typing import Final

from ostiary.core.accounts import fold

LONGEST: Final = 1024
"""Characters of a name; a longer one is nobody's."""
_PLAIN: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._-"
)
_PLACE: Final = re.compile(r"\{([01])\}")
_PERSON: Final = "(&(objectCategory=person)(objectClass=user)%s)"


def escape(value: str) -> str:
    r"""A text as a value in a filter: all but letters, digits and `@._-` as `\hh`.

    RFC 4515 §3 allows to escape any byte; so no character of a name can mean anything.
    """
    return "".join(
        chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in value.encode()
    )


def is_askable(username: str) -> bool:
    """Whether a directory may be asked for such a name at all."""
    if not username.strip() or "\0" in username or len(username) > LONGEST:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in username)


def nobodys_key(username: str) -> str:
    r"""Under what guesses at a name of nobody are counted.

    `DOMAIN\name`, `name@suffix` and `name` are one, as they would be of somebody.
    """
    name = username[:LONGEST].rpartition("\\")[2]
    return fold(_local(name)).encode(errors="replace").decode()


def own_name(username: str, domains: frozenset[str]) -> str | None:
    r"""The name without `DOMAIN\`; None when it is one of another domain.

    domains: the folded names of the directory's own; none where there is no such form.
    """
    domain, backslash, name = username.partition("\\")
    if not backslash or not domains:
        return username
    return name if fold(domain) in domains and name.strip() else None


def user_filter(name: str, *, custom: str | None, domain: str | None) -> str:
    """The filter that finds who has a name.

    custom: the operator's, with {0} and {1}. domain: the DNS name of an Active
    Directory domain, whose people have `name@domain` even where no attribute says so
    (MS-ADTS §5.1.3.1.1: implicit UPN).
    """
    whole, local = escape(name), escape(_local(name))
    if custom is not None:
        return filled(custom, whole, local)
    if domain is None:
        return f"(|(uid={whole})(mail={whole}))"
    _, at, suffix = name.rpartition("@")
    if not at:
        return _PERSON % f"(sAMAccountName={whole})"
    if fold(suffix) != domain:
        return _PERSON % f"(userPrincipalName={whole})"
    return _PERSON % f"(|(userPrincipalName={whole})(sAMAccountName={local}))"


def any_user_filter(*, custom: str | None, domain: str | None) -> str:
    """The filter of `user_filter` with any name at all, to see whom it can find."""
    if custom is not None:
        return filled(custom, "*", "*")
    return "(|(uid=*)(mail=*))" if domain is None else _PERSON % "(sAMAccountName=*)"


def filled(template: str, *values: str) -> str:
    """A filter with escaped values in the places {0} and {1}."""
    return _PLACE.sub(lambda place: values[int(place[1])], template)


def _local(name: str) -> str:
    local, at, _ = name.rpartition("@")
    return local if at else name
