"""How often something was done: buckets, right across workers and nodes.

What a level means is arithmetic in `core.limits`.
"""

from typing import Protocol

from ostiary.core.limits import Allowance, Bucket, LimitKey


class Limits(Protocol):
    """Buckets that bound how often something is done.

    In development an address alone is not counted when it is loopback, as everybody
    comes from there.
    """

    async def take(self, key: LimitKey, bucket: Bucket, now: float) -> Allowance:
        """Take one, if there is one; of parallel calls no more than there are."""
        ...

    async def peek(self, key: LimitKey, bucket: Bucket, now: float) -> Allowance:
        """Whether one could be taken now."""
        ...
