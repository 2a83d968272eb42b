"""What a flow hands to a connection, made for tests.

No test lives here.
"""

from ostiary.flows.facts import Account, Candidate, Claimed


def claimed(username: str, account: Account | None = None) -> Claimed:
    """A name as typed, and whose account it is."""
    return Claimed(username, Candidate(username.casefold()), account)


def no_secrets(sealed: str, context: str) -> str:
    """Nothing is sealed in tests without a store."""
    raise AssertionError(context)
