"""Every reason to refuse has its sentences for administrators."""

import pytest

from ostiary.core.errors import Reason
from ostiary.flows.manage.reasons import MEANINGS


def test_no_reason_is_left_unexplained() -> None:
    """The table is total: `audit explain` always says why."""
    assert MEANINGS.keys() == set(Reason)


@pytest.mark.parametrize("reason", list(Reason))
def test_meanings_are_sentences(reason: Reason) -> None:
    """Why is a sentence, and there is something to do about it."""
    meaning = MEANINGS[reason]
    assert meaning.why[0].isupper()
    assert meaning.why.endswith(".")
    assert len(meaning.remedy) > 10
