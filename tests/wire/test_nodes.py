"""Promises that hold across nodes: two processes on one PostgreSQL database.

Both go by the address of the first; REF-02, REF-03, REF-11, CLI-06, LOCK-01.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import (
    CERT_ONCE,
    PUB,
    PUBLIC,
    TID,
    TOKEN,
    assertion,
    by_certificate,
    changing_user,
    p,
    read,
    refreshing,
    signing_in,
    token_path,
)
from tests.wire.instance import Instance

Nodes = tuple[Instance, Instance]
Clients = tuple[WireClient, WireClient]

STRICT = token_path("strict.test")
STRICT_CLIENT = PUBLIC["strict.test"]

# One test process starts the nodes, once, whatever the others do.
pytestmark = pytest.mark.xdist_group("nodes")


@pytest.fixture(scope="module")
def newcomer() -> Callable[[str], str]:
    """Users of this database whom no test here has used yet."""
    count = iter(range(1, 60))
    return lambda domain: f"fresh{next(count)}@{domain}"


def test_a_token_of_one_node_is_good_at_the_other(
    nodes: Nodes, node_clients: Clients
) -> None:
    """One issuer, one set of keys, one session."""
    first, second = node_clients
    body = assert_tokens(first.post(TOKEN, p()), "refresh_token", "id_token")
    issuer = f"{nodes[0].base}/{TID}/v2.0"
    assert read(second, body["id_token"], PUB, issuer)["tid"] == TID
    bearer = {"authorization": f"Bearer {body['access_token']}"}
    assert second.get("/oidc/userinfo", bearer).status_code == 200
    again = second.post(TOKEN, refreshing(PUB, body["refresh_token"]))
    assert_tokens(again, "refresh_token", "id_token")


def test_ref_02_replay_ends_the_family_on_all_nodes(node_clients: Clients) -> None:
    """Replayed at one, dead at the other, access tokens too."""
    first, second = node_clients
    old = assert_tokens(first.post(TOKEN, p()), "refresh_token", "id_token")
    new = assert_tokens(
        second.post(TOKEN, refreshing(PUB, old["refresh_token"])),
        "refresh_token",
        "id_token",
    )
    newest = assert_tokens(
        first.post(TOKEN, refreshing(PUB, new["refresh_token"])),
        "refresh_token",
        "id_token",
    )
    replay = second.post(TOKEN, refreshing(PUB, old["refresh_token"]))
    assert_error(replay, 400, "invalid_grant", 50173)
    bearer = {"authorization": f"Bearer {newest['access_token']}"}
    for client in node_clients:
        for body in (old, new, newest):
            answer = client.post(TOKEN, refreshing(PUB, body["refresh_token"]))
            assert_error(answer, 400, "invalid_grant", 50173)
        assert client.get("/oidc/userinfo", bearer).status_code == 401


@pytest.mark.parametrize("round_number", range(5))
def test_ref_03_of_parallel_uses_on_two_nodes_one_wins(
    node_clients: Clients, newcomer: Callable[[str], str], round_number: int
) -> None:
    """Ten at each node at once: exactly one success."""
    form = signing_in("strict.test", username=newcomer("strict.test"))
    body = assert_tokens(
        node_clients[0].post(STRICT, form), "refresh_token", "id_token"
    )
    use = refreshing(STRICT_CLIENT, body["refresh_token"])
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda n: node_clients[n % 2].post(STRICT, use), range(20))
        )
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            assert_error(answer, 400, "invalid_grant", 50173)


def test_ref_11_revoked_at_one_node_is_dead_at_the_other(node_clients: Clients) -> None:
    """On the very next request."""
    first, second = node_clients
    body = assert_tokens(first.post(TOKEN, p()), "refresh_token", "id_token")
    revoke = {"token": body["refresh_token"], "client_id": PUB}
    assert first.post(f"/{TID}/oauth2/v2.0/revoke", revoke).status_code == 200
    answer = second.post(TOKEN, refreshing(PUB, body["refresh_token"]))
    assert_error(answer, 400, "invalid_grant", 50173)
    bearer = {"authorization": f"Bearer {body['access_token']}"}
    assert second.get("/oidc/userinfo", bearer).status_code == 401


def test_lock_01_guesses_on_two_nodes_are_counted_together(
    node_clients: Clients, newcomer: Callable[[str], str]
) -> None:
    """40 different wrong passwords at once over both: ten are told, then LOCKED."""
    form = p(username=newcomer("contoso.test"))

    def guess(number: int) -> int:
        wrong = {**form, "password": f"Node-guess-{number}"}
        answer = node_clients[number % 2].post(TOKEN, wrong)
        return int(answer.json()["error_codes"][0])

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(guess, range(40)))
    assert (codes.count(50126), codes.count(50053)) == (10, 30)
    for client in node_clients:
        assert_error(client.post(TOKEN, form), 400, "invalid_grant", 50053)


def test_lock_03_right_sign_ins_over_all_workers_succeed(
    node_clients: Clients, newcomer: Callable[[str], str]
) -> None:
    """100 of one account at once, over two nodes: none is refused, none locks."""
    form = p(username=newcomer("contoso.test"))
    with ThreadPoolExecutor(100) as pool:
        answers = list(
            pool.map(lambda n: node_clients[n % 2].post(TOKEN, form), range(100))
        )
    assert [answer.status_code for answer in answers] == [200] * 100
    assert len({answer.json()["refresh_token"] for answer in answers}) == 100


def test_a_change_of_the_configuration_counts_at_every_node(
    nodes: Nodes, node_clients: Clients, newcomer: Callable[[str], str]
) -> None:
    """A user disabled by `apply` is refused at both on the very next request."""
    user = newcomer("contoso.test")
    bodies = [client.post(TOKEN, p(username=user)).json() for client in node_clients]
    nodes[0].apply(changing_user(user, enabled=False))
    for client, body in zip(node_clients, bodies, strict=True):
        assert_error(client.post(TOKEN, p(username=user)), 400, "invalid_grant", 50057)
        refused = client.post(TOKEN, refreshing(PUB, body["refresh_token"]))
        assert refused.status_code == 400
        assert refused.json()["error"] == "invalid_grant"


def test_cli_06_a_one_time_assertion_on_other_nodes_and_after_a_restart(
    nodes: Nodes, node_clients: Clients, app_key: rsa.RSAPrivateKey, app_pem: bytes
) -> None:
    """The first use counts everywhere, and is remembered."""
    first, second = node_clients
    audience = f"{nodes[0].base}{TOKEN}"
    text = assertion(app_key, app_pem, audience, time.time(), client_id=CERT_ONCE)
    form = by_certificate(text, CERT_ONCE)
    assert_tokens(first.post(TOKEN, form))
    assert second.post(TOKEN, form).json()["error"] == "invalid_client"
    nodes[1].stop()
    nodes[1].start()
    answer = WireClient(second.address, second.ca)
    refused = answer.post(TOKEN, form)
    answer.close()
    assert refused.status_code == 401
    assert refused.json()["error"] == "invalid_client"


def test_cli_06_of_parallel_uses_on_two_nodes_one_wins(
    nodes: Nodes, node_clients: Clients, app_key: rsa.RSAPrivateKey, app_pem: bytes
) -> None:
    """20 at once: exactly one success."""
    audience = f"{nodes[0].base}{TOKEN}"
    text = assertion(app_key, app_pem, audience, time.time(), client_id=CERT_ONCE)
    form = by_certificate(text, CERT_ONCE)
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda n: node_clients[n % 2].post(TOKEN, form), range(20))
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
