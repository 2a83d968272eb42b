"""Cases 65 to 67 of contract entra §12: a client in its own name."""

import pytest

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import (
    CONF,
    CONF_SECRET,
    DAEMON,
    DAEMON_SECRET,
    TASKS_API,
    TID,
    TOKEN,
    Form,
    read,
    token_path,
)
from tests.wire.instance import Instance


def daemon(**changes: str) -> Form:
    form = {"client_id": DAEMON, "client_secret": DAEMON_SECRET}
    form |= {"grant_type": "client_credentials", "scope": "api://tasks/.default"}
    return {**form, **changes}


@pytest.mark.parametrize("info", ["", "1"])
def test_case_65_exactly_four_fields(
    wire: WireClient, ostiary: Instance, info: str
) -> None:
    """No scope, id_token, refresh_token, nor client_info, even if asked for."""
    body = assert_tokens(wire.post(TOKEN, daemon(client_info=info)))
    fields = {"token_type", "expires_in", "ext_expires_in", "access_token"}
    assert body.keys() == fields
    claims = read(wire, body["access_token"], TASKS_API, f"{ostiary.base}/{TID}/v2.0")
    assert claims["roles"] == ["Tasks.Read.All"]
    assert "scp" not in claims
    assert claims["ver"] == "2.0"
    assert claims["azp"] == DAEMON
    assert claims["azpacr"] == "1"
    assert claims["sub"] == claims["oid"]


def test_case_65_without_roles_there_is_a_token_all_the_same(
    wire: WireClient,
) -> None:
    """A client that has no role at the default resource (§3.8)."""
    scope = "https://graph.microsoft.com/.default"
    form = daemon(client_id=CONF, client_secret=CONF_SECRET, scope=scope)
    assert assert_tokens(wire.post(TOKEN, form))["expires_in"] == 3599


@pytest.mark.parametrize("scope", ["user.read", "api://tasks/Tasks.Read", "openid"])
def test_case_66_only_default_may_be_asked(wire: WireClient, scope: str) -> None:
    """Any other scope is `invalid_scope`."""
    answer = wire.post(TOKEN, daemon(scope=scope))
    assert_error(answer, 400, "invalid_scope", (1002012, 70011))


@pytest.mark.parametrize("alias", ["organizations", "common", "consumers"])
def test_case_67_a_tenant_must_be_named(wire: WireClient, alias: str) -> None:
    """There is no user whose tenant could be meant."""
    answer = wire.post(token_path(alias), daemon())
    assert_error(answer, 400, "invalid_request", (50059, 9001023))


def test_a_public_client_has_no_name_of_its_own(wire: WireClient) -> None:
    """This grant always requires a credential (§4.1)."""
    form = daemon()
    del form["client_secret"]
    assert_error(wire.post(TOKEN, form), 401, "invalid_client", 7000218)
