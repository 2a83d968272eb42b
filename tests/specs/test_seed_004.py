"""Seed 004: the ROPC page of 4 December 2018 (Japanese), which people translated.

Here stand the sentences that the machine-translated pages garble: only this page
says clearly what is meant. The rest is in test_seed_001 and test_seed_003.
"""

from tests.specs.house import PASSWORD, UNCONSENTED, House


async def test_accounts_without_a_password_cannot_sign_in(house: House) -> None:
    """Nothing that is sent as the password of such an account is right.

    The Czech page lost the “not” of this sentence.
    """
    for password in (PASSWORD, " ", "null"):
        answer = await house.sign_in(username="dave@contoso.test", password=password)
        assert answer.status == 400
        assert "access_token" not in answer.json
    assert answer.told == (400, "invalid_grant", 50126)
    reasons = {row["reason"] for row in (await house.rows("audit"))[1:]}
    assert reasons == {"password_absent"}


async def test_scopes_need_consent_beforehand_of_an_administrator_or_the_user(
    house: House,
) -> None:
    """Either suffices, neither does not; the grant itself asks nobody.

    The Turkish page says the opposite.
    """
    by_administrator = await house.sign_in(scope="user.read")
    nobody = await house.sign_in(client_id=UNCONSENTED, scope="user.read")
    by_user = await house.sign_in(
        client_id=UNCONSENTED, scope="user.read", username="ida@contoso.test"
    )

    assert by_administrator.scopes >= {"User.Read"}
    assert nobody.told == (400, "invalid_grant", 65001)
    assert by_user.scopes == {"User.Read"}


async def test_consent_required_is_a_suberror_of_invalid_grant(house: House) -> None:
    """Scopes that were not granted are told as `consent_required` beside the error.

    The page of 2019 calls it an error; later pages and recordings a suberror again.
    """
    answer = await house.sign_in(client_id=UNCONSENTED, scope="mail.read")

    assert answer.told == (400, "invalid_grant", 65001)
    assert answer.json["suberror"] == "consent_required"
    assert answer.json["error_codes"] == [65001]
