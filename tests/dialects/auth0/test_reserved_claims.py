"""Attributes never say anything about the token that they stand in.

People choose some of them for themselves, directories tell others.
"""

import pytest

from ostiary.core.request import Subject
from ostiary.dialects.auth0.claims import (
    PRIVATE,
    RESERVED,
    legacy_claims,
    profile_of,
    read_id_token_claims,
)
from tests.flows import values

ABOUT = sorted(RESERVED)


def profile(**attributes: object) -> dict[str, object]:
    """The profile of Alice with these attributes."""
    subject = Subject(values.user(attributes=attributes), ("pwd",), values.NOON)
    return profile_of(subject, "auth0")


@pytest.mark.parametrize("name", ABOUT)
@pytest.mark.parametrize("place", ["", "user_metadata", "app_metadata"])
def test_no_attribute_takes_the_name_of_a_claim(name: str, place: str) -> None:
    """Neither at the top nor in metadata, whatever scope asks for it."""
    chosen: dict[str, object] = {name: {"u": "somebody else"}, "color": "blue"}
    told = profile(**({place: chosen} if place else chosen))
    for words in ({"openid", "profile"}, {"openid", name}, {name, "color"}):
        assert name not in legacy_claims(told, words)
    assert legacy_claims(told, {"color"}) == {"color": "blue"}


def test_the_reserved_names_are_those_that_decide() -> None:
    """What is trusted in a token of ours, and what tells the kinds apart."""
    assert {"iss", "sub", "aud", "exp", "iat", "azp", "amr", "jti"} <= RESERVED
    assert PRIVATE in RESERVED


def test_an_access_token_is_read_as_no_id_token() -> None:
    """The private claim tells them apart."""
    claims = {"sub": "auth0|a", "aud": "client", "iat": 1, "email": "a@b.test"}
    read = read_id_token_claims(claims)
    assert read is not None
    assert read.words == {"openid", "email"}
    assert read.amr == ()
    assert read_id_token_claims({**claims, PRIVATE: {}}) is None
