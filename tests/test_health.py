"""Health and metrics of a real server with one worker and with two."""

import json
import os
import re
import signal
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from ostiary.app import Serving
from ostiary.flows.ports import StoreUnavailable
from ostiary.health import Health
from ostiary.metrics import ENDPOINTS, endpoint_of
from ostiary.web import WebApp
from tests.conftest import skip_when_missing
from tests.services.postgres import postgres_server
from tests.test_web import answered
from tests.wire.instance import Instance

CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e"
PASSWORD = "Pw-123456!"
TENANT: Mapping[str, Any] = {
    "name": "contoso",
    "domains": [{"name": "contoso.test"}],
    "password_grant": True,
    "password_hash": {
        "algorithm": "argon2id",
        "memory_kib": 64,
        "iterations": 1,
        "parallelism": 1,
    },
    "applications": [
        {
            "client_id": CLIENT,
            "public_client": True,
            "grant_types": ["password", "refresh_token"],
            "permissions": ["openid", "User.Read"],
            "admin_consent": ["openid", "User.Read"],
        }
    ],
    "users": [{"username": "alice@contoso.test", "password": PASSWORD}],
}
SAMPLE = re.compile(r"^(\w+)(\{.*?\})? ([0-9.e+-]+)$", re.M)
SETTLED_SECONDS = 5


def trust(instance: Instance) -> ssl.SSLContext:
    """TLS that trusts its local CA."""
    return ssl.create_default_context(cafile=instance.data / "ca.pem")


class Watched:
    """A server, and what it tells those who watch it."""

    def __init__(self, instance: Instance, workers: int) -> None:
        """Sign in to it: three times rightly, twice wrongly, once by an odd grant."""
        self.instance = instance
        self.workers = workers
        self.base = f"http://127.0.0.1:{instance.metrics_port}"
        for password in (PASSWORD, "wrong-1", PASSWORD, "wrong-2", PASSWORD):
            self.post(grant_type="password", password=password)
        self.post(grant_type="never-heard-of-it", password=PASSWORD)

    def post(self, **form: str) -> None:
        """Ask the token endpoint, over a new connection: any worker may get it."""
        fixed = {"client_id": CLIENT, "username": "alice@contoso.test"}
        url = f"{self.instance.base}/contoso.test/oauth2/v2.0/token"
        form = fixed | {"scope": "openid"} | form
        httpx.post(url, data=form, verify=trust(self.instance))

    def figures(self) -> dict[str, float]:
        """Every sample of /metrics by name and labels."""
        text = httpx.get(f"{self.base}/metrics").text
        return {
            name + labels: float(value) for name, labels, value in SAMPLE.findall(text)
        }


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def watched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """A server that was signed in to."""
    folder = tmp_path_factory.mktemp("watched")
    server = {"workers": request.param, "log": {"format": "json"}}
    instance = Instance(folder, server, {"tenants": [TENANT]})
    instance.start()
    yield Watched(instance, request.param)
    instance.stop()


def shared_folders() -> set[Path]:
    """Folders in which workers put their figures together."""
    return set(Path(tempfile.gettempdir()).glob("ostiary-metrics-*"))


def test_live_and_ready(watched: Watched) -> None:
    """The process answers; its store answers too."""
    live = httpx.get(f"{watched.base}/health/live")
    assert (live.status_code, live.json()) == (200, {"status": "live"})
    ready = httpx.get(f"{watched.base}/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    assert ready.headers["cache-control"] == "no-store"


def test_sign_ins_by_grant_and_outcome(watched: Watched) -> None:
    """Every worker's sign-ins are counted once, whichever of them is asked."""
    signed_in = 'ostiary_sign_ins_total{grant_type="password",outcome='
    for _ in range(4):
        figures = watched.figures()
        assert figures[signed_in + '"granted"}'] == 3
        assert figures[signed_in + '"password_wrong"}'] == 2


def test_answers_and_seconds_by_endpoint(watched: Watched) -> None:
    """Six requests to the token endpoint: three answered 200, three 400."""
    figures = watched.figures()
    assert figures['ostiary_responses_total{endpoint="token",status="2xx"}'] == 3
    assert figures['ostiary_responses_total{endpoint="token",status="4xx"}'] == 3
    assert figures['ostiary_request_seconds_count{endpoint="token"}'] == 6
    assert figures['ostiary_request_seconds_bucket{endpoint="token",le="+Inf"}'] == 6
    assert 0 < figures['ostiary_request_seconds_sum{endpoint="token"}'] < 30


def test_lane_build_and_workers(watched: Watched) -> None:
    """Nothing is being hashed now, nothing was refused, and all workers are there."""
    figures = watched.figures()
    assert figures["ostiary_hash_lane_waiting"] == 0
    assert figures["ostiary_hash_lane_running"] == 0
    assert figures["ostiary_hash_lane_refused_total"] == 0
    assert figures["ostiary_workers"] == watched.workers
    (build,) = [name for name in figures if name.startswith("ostiary_build_info")]
    assert re.fullmatch(r'ostiary_build_info\{version="[0-9.]+"\}', build)


def test_labels_are_bounded_words(watched: Watched) -> None:
    """No tenant, user, client or password; an unknown grant makes no label either."""
    text = httpx.get(f"{watched.base}/metrics").text
    for word in ("contoso", "alice", CLIENT, PASSWORD, "never-heard", "127.0.0.1"):
        assert word not in text
    assert (
        httpx.get(f"{watched.base}/metrics")
        .headers["content-type"]
        .startswith("text/plain; version=0.0.4")
    )


def test_the_manual_names_every_metric(watched: Watched) -> None:
    """docs/operating.md has each name and each class of endpoints."""
    manual = (Path(__file__).parents[1] / "docs" / "operating.md").read_text()
    text = httpx.get(f"{watched.base}/metrics").text
    names = re.findall(r"^# TYPE (\w+)", text, re.M)
    assert len(names) == 8
    words = {*names, *ENDPOINTS.values(), "realm", "other"}
    assert [word for word in sorted(words) if f"`{word}`" not in manual] == []


def test_nothing_else_is_served_there(watched: Watched) -> None:
    """The listener has no token endpoint, and the public one no metrics."""
    assert httpx.get(f"{watched.base}/contoso.test/oauth2/token").status_code == 404
    assert httpx.post(f"{watched.base}/health/live").status_code == 404
    public = f"{watched.instance.base}/metrics"
    assert httpx.get(public, verify=trust(watched.instance)).status_code == 404


def test_the_log_tells_start_listeners_and_stop(tmp_path: Path) -> None:
    """JSON lines for all of it; the folder of two workers' figures goes at the end."""
    before = shared_folders()
    instance = Instance(tmp_path, {"workers": 2}, {"tenants": [TENANT]})
    instance.start()
    assert len(shared_folders() - before) >= 1
    process = instance.process
    assert process is not None
    instance.stop()
    assert process.returncode == 0
    log = instance.log.read_text()
    assert f"clients must trust the local CA {instance.data / 'ca.pem'}" in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    told = [line["message"] for line in lines]
    assert f"listening on 127.0.0.1 port {instance.port}" in told
    for beginning in ("ostiary ", "ready with 2", "stopped"):
        assert sum(text.startswith(beginning) for text in told) == 1
    assert told[-1] == "stopped"
    assert PASSWORD not in log


@pytest.mark.parametrize("watched", [2], ids=["two workers"], indirect=True)
def test_a_dead_worker_is_no_longer_counted(watched: Watched) -> None:
    """What it had counted stays; what it was doing is forgotten."""
    assert watched.instance.process is not None
    parent = watched.instance.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    until = time.monotonic() + SETTLED_SECONDS
    while time.monotonic() < until:
        now = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if len(now) == 2 and children[0] not in now and _workers(watched) == 2:
            break
        time.sleep(0.05)
    figures = watched.figures()
    assert figures["ostiary_workers"] == 2
    granted = 'ostiary_sign_ins_total{grant_type="password",outcome="granted"}'
    assert figures[granted] == 3


def _workers(watched: Watched) -> float:
    try:
        return watched.figures()["ostiary_workers"]
    except (httpx.HTTPError, KeyError):
        return 0.0


async def never() -> list[str]:
    """A store that stands still."""
    raise TimeoutError


async def lost() -> list[str]:
    """A store that is gone."""
    raise StoreUnavailable("gone")


@pytest.mark.parametrize("tenant_ids", [lost, never])
async def test_without_a_store_it_is_not_ready(tenant_ids: Callable[[], Any]) -> None:
    """503 with when to ask again; alive all the same."""
    directory = SimpleNamespace(tenant_ids=tenant_ids)
    serving = SimpleNamespace(ports=SimpleNamespace(directory=directory))
    app = WebApp([Health(cast(Serving, serving))])
    ready = await answered(app, b"/health/ready")
    assert ready.status == 503
    assert ready.header("retry-after") == ["2"]
    assert ready.json() == {"status": "store unavailable"}
    assert (await answered(app, b"/health/live")).status == 200
    assert (await answered(app, b"/metrics")).status == 404


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/contoso.test/oauth2/v2.0/token", "token"),
        ("/adfs/oauth2/token/", "token"),
        ("/common/discovery/v2.0/keys", "keys"),
        ("/t/v2.0/.well-known/openid-configuration", "discovery"),
        ("/common/UserRealm/alice@contoso.test", "realm"),
        ("/common/userrealm/token", "realm"),
        ("/alice@contoso.test", "other"),
        ("/", "other"),
        ("", "other"),
    ],
)
def test_endpoint_classes(path: str, expected: str) -> None:
    """Few classes, none of them made of what a caller sent (contract entra §2.2)."""
    assert endpoint_of(path) == expected


def test_a_lost_database_is_told(tmp_path: Path) -> None:
    """PostgreSQL goes away: not ready at once, alive still, and one line in the log."""
    with skip_when_missing(), postgres_server() as database:
        url = database.url(database.create_database())
        instance = Instance(tmp_path, {"database": url}, {"tenants": [TENANT]})
        instance.start()
        base = f"http://127.0.0.1:{instance.metrics_port}/health"
        assert httpx.get(f"{base}/ready").status_code == 200
    try:
        with ThreadPoolExecutor() as pool:
            ask = partial(httpx.get, f"{base}/ready", timeout=10)
            asked = [pool.submit(ask) for _ in range(2)]
        for ready in (asking.result() for asking in asked):
            assert (ready.status_code, ready.headers["retry-after"]) == (503, "2")
        assert httpx.get(f"{base}/live").status_code == 200
    finally:
        instance.stop()
    log = instance.log.read_text()
    assert log.count("the store does not answer: ") == 1
    assert database.password not in log
