"""Cases 59 to 61 of contract entra §12: the v1 endpoints and `resource`."""

import time

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import GRAPH, PUB, TID, TOKEN, p, peek, read, refreshing
from tests.wire.instance import Instance

V1 = "/contoso.test/oauth2/token"


def test_case_59_the_password_grant_at_v1(wire: WireClient, ostiary: Instance) -> None:
    """Numbers are strings, the resource is told, a refresh token always comes."""
    now = time.time()
    answer = wire.post(V1, p(scope="openid", resource=GRAPH))
    body = assert_tokens(answer, "refresh_token", "id_token")
    assert body["expires_in"] == body["ext_expires_in"] == "3599"
    assert abs(int(body["expires_on"]) - (now + 3600)) < 60
    assert int(body["expires_on"]) - int(body["not_before"]) == 3900
    assert body["resource"] == GRAPH
    assert body["scope"] == "User.Read"
    access = read(wire, body["access_token"], GRAPH, f"{ostiary.base}/{TID}/")
    assert (access["ver"], access["appid"]) == ("1.0", PUB)
    told = read(wire, body["id_token"], PUB, f"{ostiary.base}/{TID}/")
    assert told["ver"] == "1.0"
    assert told["amr"] == ["pwd"]
    assert told["upn"] == told["unique_name"] == "alice@contoso.test"


def test_case_59_without_openid_there_is_no_id_token(wire: WireClient) -> None:
    """`scope=openid` is how ADAL asks for it (§2.8)."""
    assert_tokens(wire.post(V1, p(scope=None, resource=GRAPH)), "refresh_token")


def test_case_59_a_v1_refresh_token_serves_without_a_resource(
    wire: WireClient,
) -> None:
    """`resource` is optional there."""
    body = assert_tokens(wire.post(V1, p(scope=None, resource=GRAPH)), "refresh_token")
    again = wire.post(V1, refreshing(PUB, body["refresh_token"]))
    told = assert_tokens(again, "refresh_token")
    assert told["resource"] == GRAPH
    assert peek(told["access_token"])["aud"] == GRAPH


def test_case_60_v1_words_for_a_second_factor(wire: WireClient) -> None:
    """`interaction_required`, where v2 says `invalid_grant`."""
    form = p(username="carol@contoso.test", scope="openid", resource=GRAPH)
    answer = wire.post(V1, form)
    assert_error(answer, 400, "interaction_required", 50076, "basic_action")


def test_case_61_v2_takes_scopes_not_resources(wire: WireClient) -> None:
    """`resource` without `scope` is 901002."""
    answer = wire.post(TOKEN, p(scope=None, resource=GRAPH))
    assert_error(answer, 400, "invalid_request", 901002)


def test_v1_at_common_refuses_the_password_grant(wire: WireClient) -> None:
    """As at v2 (§13)."""
    answer = wire.post("/common/oauth2/token", p(scope=None, resource=GRAPH))
    assert_error(answer, 400, "invalid_request", 9001023)
