"""New passwords: what makes one too weak to be taken.

Passwords that were taken long ago are judged nowhere: only their hashes are left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ostiary.core.accounts import fold
from ostiary.core.errors import Reason, Refused

SHORTEST: Final = 8
"""Characters (contract auth0 §6, `/dbconnections/signup`; NIST SP 800-63B §5.1.1.2)."""
SHORTEST_NAME: Final = 5
"""Characters of a name that a password must not hold: shorter ones are in any word."""

COMMON: Final = frozenset(  # words are read as words: no list of quotes
    """
    00000000 11111111 11223344 12121212 12341234 12345678 123456789 1234567890
    123123123 12344321 123454321 1234qwer 123qweasd 147258369 1q2w3e4r 1q2w3e4r5t
    1qaz2wsx 1qazxsw2 22222222 44444444 55555555 66666666 77777777 87654321 88888888
    98765432 987654321 99999999 a1b2c3d4 aa123456 aaaaaaaa abc12345 abcd1234 abcdefgh
    access14 admin123 administrator alexander asdfasdf asdfghjk asdfghjkl babygirl
    baseball basketball blink182 butterfly changeme charlie1 chocolate computer
    corvette danielle december dragon12 einstein elephant estrella f00tball facebook
    football football1 fuckyou1 garfield hannah12 hello123 hellohello iloveyou
    iloveyou1 internet jennifer jonathan jordan23 justin12 killer12 letmein1 letmein12
    liverpool manchester marlboro master12 maverick mercedes michael1 michelle midnight
    monkey12 mustang1 newyork1 nicholas november p@ssw0rd p@ssword pa$$word pa55word
    passw0rd passw0rd1 password password! password1 password12 password123 password1234
    passwort patricia pokemon1 princess princess1 q1w2e3r4 qazwsxedc qwer1234 qwert123
    qwerty12 qwerty123 qwertyui qwertyuiop rush2112 samantha scorpion september
    shadow12 slipknot snowball spiderman startrek starwars steelers sunshine sunshine1
    superman superman1 swordfish tinkerbell trustno1 victoria welcome1 welcome123
    whatever william1 winston1 yankees1 zaq12wsx zxcvbnm1 zxcvbnmm
    """.split()  # noqa: SIM905 - see above
)
"""The most common passwords that are long enough, folded."""


class Weakness(StrEnum):
    """Why a new password is not taken."""

    SHORT = "short"
    COMMON = "common"
    PERSONAL = "personal"
    LEAKED = "leaked"


@dataclass(frozen=True, slots=True)
class Leaks:
    """Passwords that count as known to others: whole ones, and how some begin."""

    words: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def __contains__(self, password: object) -> bool:
        """Whether a password is one of them."""
        return isinstance(password, str) and (
            password in self.words or password.startswith(self.prefixes)
        )


NO_LEAKS: Final = Leaks()
"""Nothing is known of any password."""


def find_weakness(password: str, names: Iterable[str], leaks: Leaks) -> Weakness | None:
    """Why a new password is too weak, or None.

    names: what its owner is called, mail addresses included; of those the part in
    front of the `@` counts too.
    """
    if len(password) < SHORTEST:
        return Weakness.SHORT
    folded = fold(password)
    if folded in COMMON:
        return Weakness.COMMON
    if any(_is_in(name, folded) for name in names):
        return Weakness.PERSONAL
    return Weakness.LEAKED if password in leaks else None


def _is_in(name: str, folded: str) -> bool:
    local = fold(name.partition("@")[0].strip())
    return local == folded or (len(local) >= SHORTEST_NAME and local in folded)


def check_new_password(password: str, names: Iterable[str], leaks: Leaks) -> None:
    """A new password must be worth the name. Raises Refused(PASSWORD_WEAK)."""
    weakness = find_weakness(password, names, leaks)
    if weakness is not None:
        raise Refused(Reason.PASSWORD_WEAK, weakness=weakness.value)


def check_not_leaked(password: str, leaks: Leaks) -> None:
    """A right password that others know is no proof any longer (contract auth0 §5)."""
    if password in leaks:
        raise Refused(Reason.PASSWORD_LEAKED)
