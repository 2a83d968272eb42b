"""Seed 003: the ROPC page of 4 December 2018 (Turkish), and what all of 2018 share.

One test per sentence that the edition of 2019 does not have.
"""

import pytest

from tests.specs.house import CONFIDENTIAL, EDITIONS, SECRET, Edition, House

ONLY_2018 = pytest.mark.parametrize(
    "edition", [e for e in EDITIONS if e.name.startswith("2018")], ids=lambda e: e.name
)


async def test_the_path_may_end_in_a_question_mark(
    house: House, edition: Edition
) -> None:
    """The sample's address ends in one, with nothing behind it."""
    answer = await house.sign_in(f"{edition.path}?", username=edition.username)

    assert answer.status == 200
    assert answer.scopes == {"User.Read", "profile", "openid", "email"}


@ONLY_2018
async def test_the_samples_secret_of_a_public_client_is_ignored(
    house: House, edition: Edition
) -> None:
    """The sample sends `client_secret`, though only public clients may sign in."""
    answer = await house.sign_in(
        edition.path, username=edition.username, client_secret="wkubdywbc2894u"
    )

    told = await house.claims(answer.json["access_token"], edition.tenant_id)
    assert told["appidacr"] == "0"


@ONLY_2018
async def test_an_application_that_is_not_set_up_as_public_is_an_invalid_client(
    house: House, edition: Edition
) -> None:
    """`allowPublicClient` that is not true gives `invalid_client`."""
    answer = await house.sign_in(
        edition.path, client_id=CONFIDENTIAL, username=edition.username
    )

    assert answer.told == (401, "invalid_client", 7000218)
    assert "allowPublicClient" in answer.json["error_description"]


@ONLY_2018
async def test_the_property_decides_for_want_of_a_redirect_address(
    house: House, edition: Edition
) -> None:
    """What the request holds cannot make an application public: nothing is read."""
    codes = set()
    for changes in ({}, {"redirect_uri": "http://localhost"}, {"password": "wrong"}):
        form = {"client_id": CONFIDENTIAL, "username": edition.username, **changes}
        codes.add((await house.sign_in(edition.path, **form)).told)

    assert codes == {(401, "invalid_client", 7000218)}
    assert await house.failures() == 0


@ONLY_2018
async def test_only_public_clients_may_use_the_grant(
    house: House, edition: Edition
) -> None:
    """A confidential client is refused even with its right secret."""
    answer = await house.sign_in(
        edition.path,
        client_id=CONFIDENTIAL,
        client_secret=SECRET,
        username=edition.username,
    )

    assert answer.told == (401, "invalid_client", 7000218)


@ONLY_2018
async def test_invalid_request_names_organizations_as_the_way_out(
    house: House, edition: Edition
) -> None:
    """The text of 2018 names only `/organizations`."""
    answer = await house.sign_in("/common/oauth2/v2.0/token", username=edition.username)

    assert "/organizations" in answer.json["error_description"]
    assert answer.told == (400, "invalid_request", 9001023)
