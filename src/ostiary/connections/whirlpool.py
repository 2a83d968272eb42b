"""Whirlpool (ISO/IEC 10118-3, dedicated hash-function 7), for imported HMACs only.

Ours because no kept-up wheel has it and OpenSSL may be built without it. Nothing new
is ever hashed with it; it is slow and its lookups depend on data.
"""

from typing import Final

BLOCK, ROUNDS, LENGTH_BYTES = 64, 10, 32
_REDUCTION: Final = 0x11D
_CIRCULANT: Final = (1, 1, 4, 1, 8, 5, 2, 9)
_E: Final = (1, 11, 9, 12, 13, 6, 15, 3, 14, 8, 7, 4, 10, 2, 5, 0)
_R: Final = (7, 12, 11, 13, 14, 4, 9, 15, 6, 3, 8, 10, 2, 5, 1, 0)
"""The small boxes of which the substitution is made; the third one inverts `_E`."""


def _substitution() -> tuple[int, ...]:
    inverse = [_E.index(value) for value in range(16)]
    box = []
    for byte in range(256):
        left, right = _E[byte >> 4], inverse[byte & 15]
        middle = _R[left ^ right]
        box.append(_E[left ^ middle] << 4 | inverse[right ^ middle])
    return tuple(box)


def _times(factor: int, value: int) -> int:
    """A product in the field of 256 elements."""
    product = 0
    while factor:
        product ^= value if factor & 1 else 0
        value = value << 1 ^ (_REDUCTION if value & 0x80 else 0)
        factor >>= 1
    return product


def _tables() -> tuple[tuple[int, ...], ...]:
    """Substitution and diffusion of one byte, by its column: one row of 64 bits."""
    first = [
        int.from_bytes(bytes(_times(factor, value) for factor in _CIRCULANT))
        for value in _SUBSTITUTION
    ]
    return tuple(
        tuple(row >> 8 * turn | (row << 64 - 8 * turn) % 2**64 for row in first)
        for turn in range(8)
    )


_SUBSTITUTION: Final = _substitution()
_TABLES: Final = _tables()
_CONSTANTS: Final = tuple(
    int.from_bytes(bytes(_SUBSTITUTION[8 * number : 8 * number + 8]))
    for number in range(ROUNDS)
)

State = list[int]
"""Eight rows of 64 bits."""


class Whirlpool:
    """A hash object as `hmac` takes it."""

    name: Final = "whirlpool"
    block_size: Final = BLOCK
    digest_size: Final = 64

    def __init__(self, data: bytes = b"") -> None:
        """Begin with `data`."""
        self._state: State = [0] * 8
        self._rest = b""
        self._length = 0
        self.update(data)

    def update(self, data: bytes) -> None:
        """Hash more."""
        self._length += len(data)
        data = self._rest + data
        whole = len(data) - len(data) % BLOCK
        for start in range(0, whole, BLOCK):
            self._state = _compress(self._state, data[start : start + BLOCK])
        self._rest = data[whole:]

    def copy(self) -> "Whirlpool":
        """Another one that has hashed the same so far."""
        other = Whirlpool()
        other._state, other._rest = list(self._state), self._rest
        other._length = self._length
        return other

    def digest(self) -> bytes:
        """The digest of everything so far, 64 bytes."""
        end = self.copy()
        gap = -(self._length + 1 + LENGTH_BYTES) % BLOCK
        length = (8 * self._length).to_bytes(LENGTH_BYTES)
        end.update(b"\x80" + bytes(gap) + length)
        return b"".join(row.to_bytes(8) for row in end._state)

    def hexdigest(self) -> str:
        """The digest in hexadecimal."""
        return self.digest().hex()


def _compress(state: State, block: bytes) -> State:
    """The block cipher keyed by the state, chained as Miyaguchi and Preneel did."""
    message = [int.from_bytes(block[at : at + 8]) for at in range(0, BLOCK, 8)]
    key = list(state)
    cipher = [row ^ part for row, part in zip(message, key, strict=True)]
    for constant in _CONSTANTS:
        key = _round(key)
        key[0] ^= constant
        cipher = [row ^ part for row, part in zip(_round(cipher), key, strict=True)]
    parts = zip(state, message, cipher, strict=True)
    return [old ^ row ^ new for old, row, new in parts]


def _round(rows: State) -> State:
    """Substitute each byte, shift each column, mix each row."""
    mixed = []
    for place in range(8):
        row = 0
        for column, table in enumerate(_TABLES):
            row ^= table[rows[place - column] >> 56 - 8 * column & 0xFF]
        mixed.append(row)
    return mixed
