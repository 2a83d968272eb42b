"""Whirlpool against the test vectors of ISO/IEC 10118-3."""

import shutil
import subprocess

import pytest

from ostiary.connections.digests import hmac_of
from ostiary.connections.whirlpool import Whirlpool

# ISO/IEC 10118-3:2004, dedicated hash-function 7, and the submission to NESSIE.
VECTORS = {
    b"": "19fa61d75522a4669b44e39c1d2e1726c530232130d407f89afee0964997f7a7"
    "3e83be698b288febcf88e3e03c4f0757ea8964e59b63d93708b138cc42a66eb3",
    b"a": "8aca2602792aec6f11a67206531fb7d7f0dff59413145e6973c45001d0087b42"
    "d11bc645413aeff63a42391a39145a591a92200d560195e53b478584fdae231a",
    b"abc": "4e2448a4c6f486bb16b6562c73b4020bf3043e3a731bce721ae1b303d97e6d4c"
    "7181eebdb6c57e277d0e34957114cbd6c797fc9d95d8b582d225292076d4eef5",
    b"message digest": "378c84a4126e2dc6e56dcc7458377aac838d00032230f53c"
    "e1f5700c0ffb4d3b8421557659ef55c106b4b52ac5a4aaa692ed920052838f33"
    "62e86dbd37a8903e",
    b"abcdefghijklmnopqrstuvwxyz": "f1d754662636ffe92c82ebb9212a484a"
    "8d38631ead4238f5442ee13b8054e41b08bf2a9251c30b6a0b8aae86177ab4a6"
    "f68f673e7207865d5d9819a3dba4eb3b",
}


@pytest.mark.parametrize("message", VECTORS, ids=repr)
def test_the_vectors_of_the_standard(message: bytes) -> None:
    """Each message has the digest that ISO/IEC 10118-3 prints."""
    assert Whirlpool(message).hexdigest() == VECTORS[message]


def test_pieces_hash_like_the_whole() -> None:
    """Blocks are cut by length, not by calls; a copy goes on by itself."""
    message = bytes(range(256))
    pieces = Whirlpool()
    for at in range(0, 256, 7):
        pieces.update(message[at : at + 7])
    earlier = pieces.copy()
    pieces.update(b"more")

    assert earlier.digest() == Whirlpool(message).digest()
    assert pieces.digest() == Whirlpool(message + b"more").digest()


@pytest.mark.parametrize("length", [31, 32, 33, 63, 64, 65, 95, 96, 127, 128, 1000])
def test_another_implementation_agrees(length: int) -> None:
    """OpenSSL's legacy provider gives the same digest at every edge of a block."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on the PATH")
    message = bytes(number % 251 for number in range(length))
    told = subprocess.run(
        [openssl, "dgst", "-provider", "legacy", "-provider", "default", "-whirlpool"],
        input=message,
        capture_output=True,
        timeout=30,
    )
    if told.returncode:
        pytest.skip("this OpenSSL has no legacy provider")

    assert told.stdout.decode().strip().endswith(Whirlpool(message).hexdigest())


def hmac_by_hand(key: bytes, message: bytes) -> bytes:
    """RFC 2104 §2 spelled out: two hashes, with the key in either pad."""
    padded = key.ljust(64, b"\0")
    inner = Whirlpool(bytes(each ^ 0x36 for each in padded) + message).digest()
    return Whirlpool(bytes(each ^ 0x5C for each in padded) + inner).digest()


@pytest.mark.parametrize("key", [b"k", b"k" * 64])
def test_hmac_takes_it(key: bytes) -> None:
    """The library's HMAC over it is that of RFC 2104."""
    assert hmac_of("whirlpool", key, b"message") == hmac_by_hand(key, b"message")
