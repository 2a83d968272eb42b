"""Can a stranger tell accounts apart by time? `python -m benchmarks.timing`.

Wrong passwords for four kinds of accounts, mixed, one at a time; a classifier between
any two of them should do no better than AUC 0.55 (security promise 2).
"""

import argparse
import bisect
import itertools
import random
import statistics
import time
import urllib.error
import urllib.parse
import urllib.request

from benchmarks.instance import PUBLIC, TENANT, Instance, instance

NAMES = ("user0", "nobody", "disabled", "without")


def auc(ones: list[float], others: list[float]) -> float:
    """How well a threshold parts the two, in either direction: 0.5 is not at all."""
    ordered = sorted(others)
    below = sum(
        (bisect.bisect_left(ordered, one) + bisect.bisect_right(ordered, one)) / 2
        for one in ones
    )
    share = below / (len(ones) * len(others))
    return max(share, 1 - share)


def attempt(here: Instance, username: str, number: int) -> float:
    """Seconds that one wrong password takes to be refused."""
    form = {
        "client_id": PUBLIC,
        "grant_type": "password",
        "username": username,
        "password": f"wrong-{number}",
        "scope": "openid",
    }
    url = f"http://127.0.0.1:{here.port}/{TENANT}/oauth2/v2.0/token"
    began = time.perf_counter()
    try:
        urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=30)
    except urllib.error.HTTPError as refused:
        if b"50126" not in refused.read():
            raise
    return time.perf_counter() - began


def report(seen: dict[str, list[float]]) -> None:
    """Print the median of each kind of account, and how well any two are told apart."""
    for name, times in seen.items():
        print(f"{name:<10} median {statistics.median(times) * 1000:.2f} ms")
    for one, other in itertools.combinations(seen, 2):
        print(f"{one} against {other}: AUC {auc(seen[one], seen[other]):.3f}")


def main() -> None:
    """Measure and print each pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    samples = parser.parse_args().samples
    seen: dict[str, list[float]] = {name: [] for name in NAMES}
    with instance(1) as here:
        for number in range(samples):
            for name in random.sample(NAMES, len(NAMES)):
                seen[name].append(attempt(here, f"{name}@bench.test", number))
    report(seen)


if __name__ == "__main__":
    main()
