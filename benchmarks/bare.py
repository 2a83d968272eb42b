"""What the machine itself can do: bare argon2id (H) and bare RS256 (S) per second.

Only the libraries, on all cores; every figure of the server is a share of these.
"""

import argparse
import os
import threading
import time
from collections.abc import Callable

from argon2.low_level import Type, verify_secret
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from ostiary.connections.hashes import HashParameters, hash_password

SIGNED_OCTETS = 900  # about the header and claims of an access token


def verifications_per_second(
    parameters: HashParameters, seconds: float, threads: int | None = None
) -> float:
    """Measure H: argon2id verifications of a right password, on all cores."""
    stored = hash_password("Ostiary-Test-1", parameters).encode()

    def verify() -> None:
        verify_secret(stored, b"Ostiary-Test-1", Type.ID)

    return _rate(verify, seconds, threads)


def signatures_per_second(seconds: float, threads: int | None = None) -> float:
    """Measure S: RS256 signatures with a 2048-bit key kept as object, on all cores."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    message, scheme, digest = b"x" * SIGNED_OCTETS, padding.PKCS1v15(), SHA256()

    def sign() -> None:
        key.sign(message, scheme, digest)

    return _rate(sign, seconds, threads)


def _rate(work: Callable[[], None], seconds: float, threads: int | None) -> float:
    """Sum what each thread did per second of its own time: no idle tail counts."""
    rates: list[float] = []

    def repeat() -> None:
        done, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds or not done:
            work()
            done += 1
        rates.append(done / passed)

    work()
    crew = [
        threading.Thread(target=repeat)
        for _ in range(threads or len(os.sched_getaffinity(0)))
    ]
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    return sum(rates)


def main() -> None:
    """Print H and S."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--memory-kib", type=int, default=19456)
    parser.add_argument("--iterations", type=int, default=2)
    parser.add_argument("--parallelism", type=int, default=1)
    given = parser.parse_args()
    parameters = HashParameters(given.memory_kib, given.iterations, given.parallelism)
    print(
        f"H  bare argon2id m={parameters.memory_kib} t={parameters.iterations}"
        f" p={parameters.parallelism}:"
        f" {verifications_per_second(parameters, given.seconds):.1f}/s"
    )
    print(f"S  bare RS256-2048: {signatures_per_second(given.seconds):.0f}/s")


if __name__ == "__main__":
    main()
