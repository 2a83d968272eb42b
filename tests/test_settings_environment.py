"""Text from elsewhere: variables, files, `OSTIARY_SERVER__…`; and secrets kept quiet.

What the file itself says is in test_settings.py.
"""

from pathlib import Path

import pytest

from ostiary.settings import Secret, SecretUrl
from tests.test_settings import TENANT, read


def test_secret_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    """`{file: PATH}` counts from the file's folder; one line break is dropped."""
    (tmp_path / "alice.txt").write_bytes(b" s3cret\n\r\n")

    (tenant,) = read(
        tmp_path, TENANT + "  users: [{username: a, password: {file: alice.txt}}]"
    ).tenants

    assert tenant.users[0].password == Secret(" s3cret\n")


def test_any_text_may_come_from_the_environment(tmp_path: Path) -> None:
    """`{env: NAME}` stands for a name, a GUID, a duration and a secret alike."""
    (tenant,) = read(
        tmp_path,
        "tenants: [{name: {env: N}, id: {env: I}, domains: [{name: {env: D}}],"
        " lockout: {seconds: {env: S}}, users: [{username: a, password: {env: P}}]}]",
        N="fabrikam",
        I="AAAAAAAA-2222-3333-4444-555555555555",
        D="fabrikam.test",
        S="2m",
        P="123",
    ).tenants

    assert (tenant.name, tenant.domains[0].name) == ("fabrikam", "fabrikam.test")
    assert tenant.id == "aaaaaaaa-2222-3333-4444-555555555555"
    assert tenant.lockout.seconds == 120
    assert tenant.users[0].password == Secret("123")


def test_environment_beats_the_file(tmp_path: Path) -> None:
    """`OSTIARY_SERVER__BASE_URL=…` beats the file's `server:` and leaves the rest."""
    server = read(
        tmp_path,
        "server: {base_url: 'https://a.test', workers: 2,"
        " tls: {certificate: c, key: k}}",
        OSTIARY_SERVER__BASE_URL="https://b.test",
        OSTIARY_SERVER__TLS__KEY="/run/key.pem",
        OSTIARY_SERVER__LISTEN='["127.0.0.1:1"]',
        OSTIARY_SERVER__MASTER_KEY="0123",
        OSTIARY_SERVER__HASH_THREADS="3",
        OSTIARY_OTHER="ignored",
    ).server

    assert (server.base_url, server.workers) == ("https://b.test", 2)
    assert server.tls is not None
    assert server.tls != "off"
    assert (server.tls.certificate, server.tls.key) == (
        tmp_path / "c",
        Path("/run/key.pem"),
    )
    assert server.listen == (("127.0.0.1", 1),)
    assert server.master_key == Secret("0123")
    assert server.hash_threads == 3


@pytest.mark.parametrize(
    "text", ["@at", "a: b", "*star", "!bang", "- x", "'", "#x", "1_0"]
)
def test_text_from_the_environment_is_taken_as_it_is(tmp_path: Path, text: str) -> None:
    """A master key is not mangled by YAML's meaning of its characters."""
    server = read(tmp_path, "{}", OSTIARY_SERVER__MASTER_KEY=text).server

    assert server.master_key == Secret(text)


def test_environment_alone_is_enough_for_the_server(tmp_path: Path) -> None:
    """A file without `server:` takes all of it from the environment."""
    server = read(
        tmp_path,
        TENANT,
        OSTIARY_SERVER__TLS="off",
        OSTIARY_SERVER__METRICS__LISTEN="127.0.0.1:9464",
    ).server

    assert server.tls == "off"
    assert server.metrics is not None
    assert server.metrics.listen == ("127.0.0.1", 9464)


def test_secrets_do_not_show(tmp_path: Path) -> None:
    """Promise 9: printing the settings shows no password, key or secret."""
    settings = read(
        tmp_path,
        "server: {database: 'postgresql://u:MARK-DB@h/d', master_key: MARK-KEY}\n"
        + TENANT
        + "  mail: {smtp: 'smtp://u:MARK-MAIL@h', from: a@b}\n"
        + "  applications: [{client_id: a, secrets: [{value: MARK-CLIENT}]}]\n"
        + "  users:\n  - {username: a, password: MARK-USER}\n"
        + "  - {username: b, password_hash: MARK-HASH}\n",
    )

    assert "MARK" not in f"{settings!r} {settings}"
    assert settings.tenants[0].users[0].password == Secret("MARK-USER")
    assert settings.server.database == "postgresql://u:MARK-DB@h/d"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p%40ss@h/d", "'postgresql://u:***@h/d'"),
        ("postgresql://h/d?password=x&a=b", "'postgresql://h/d?password=***&a=b'"),
        ("postgresql://u@h/d", "'postgresql://u@h/d'"),
    ],
)
def test_password_in_an_address_is_masked(url: str, shown: str) -> None:
    """The address stays readable; its password, and only that, is starred."""
    assert repr(SecretUrl(url)) == shown
    assert SecretUrl(url).has_password == ("***" in shown)
