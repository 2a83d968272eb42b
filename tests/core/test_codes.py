"""One-time codes as arithmetic: what a try means, and how codes are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.codes import (
    CODE_SECONDS,
    MOST_TRIES,
    CodeVerdict,
    StoredCode,
    code_text,
    judge_code,
    refused_code,
)
from ostiary.core.connections import Channel, channel_of, check_passwordless
from ostiary.core.errors import UNPROVEN, Reason, Refused
from ostiary.core.model import ConnectionSettings


def test_the_figures_are_those_of_the_contract() -> None:
    """Three minutes and three tries (contract auth0 §6); within promise 4."""
    assert (CODE_SECONDS, MOST_TRIES) == (180, 3)
    assert CODE_SECONDS <= 600
    assert MOST_TRIES <= 5


@pytest.mark.parametrize(
    ("tries", "digest", "now", "verdict"),
    [
        (0, "right", 99.9, CodeVerdict.RIGHT),
        (2, "right", 99.9, CodeVerdict.RIGHT),
        (2, "wrong", 99.9, CodeVerdict.WRONG),
        (3, "right", 99.9, CodeVerdict.EXHAUSTED),
        (3, "wrong", 99.9, CodeVerdict.EXHAUSTED),
        (0, "right", 100.0, CodeVerdict.WRONG),
        (3, "right", 100.0, CodeVerdict.WRONG),
    ],
)
def test_what_a_try_means(
    tries: int, digest: str, now: float, verdict: CodeVerdict
) -> None:
    """Dead by time is wrong, dead by tries is told as such."""
    assert judge_code(StoredCode("right", tries, 100.0), digest, now) is verdict


def test_where_no_code_is_every_one_is_wrong() -> None:
    """Nobody learns whether one was asked for."""
    assert judge_code(None, "", 0.0) is CodeVerdict.WRONG


@given(st.integers(0, 999_999))
def test_codes_have_six_digits(number: int) -> None:
    """Zeros in front included."""
    text = code_text(number)
    assert len(text) == 6
    assert int(text) == number


@pytest.mark.parametrize("verdict", [CodeVerdict.WRONG, CodeVerdict.EXHAUSTED])
@pytest.mark.parametrize(
    ("channel", "what"), [(Channel.EMAIL, "email"), (Channel.SMS, "phone number")]
)
def test_a_code_that_was_not_right_counts_as_a_guess(
    verdict: CodeVerdict, channel: Channel, what: str
) -> None:
    """So that the account's own ceiling holds (PWL-03); the text names the address."""
    refused = refused_code(verdict, channel)
    assert refused.reason in UNPROVEN
    assert refused.facts == {"what": what}


@pytest.mark.parametrize(
    ("strategy", "channel"),
    [("email", Channel.EMAIL), ("sms", Channel.SMS), ("ad", None), ("EMAIL", None)],
)
def test_which_connections_send_codes(strategy: str, channel: Channel | None) -> None:
    """The strategies of contract auth0 §1.2; others refuse."""
    settings = ConnectionSettings("name", strategy)
    assert channel_of(settings) is channel
    if channel is None:
        with pytest.raises(Refused) as refused:
            check_passwordless(settings)
        assert refused.value.reason is Reason.CONNECTION_PASSIVE
    else:
        assert check_passwordless(settings) is channel
