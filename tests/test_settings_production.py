"""What `mode: production` and `tls: off` refuse, and what they take.

Promise 15: insecure settings stop the start.
"""

from pathlib import Path

import pytest

from ostiary.settings import load
from tests.test_settings import read
from tests.test_settings_errors import AT, TENANT, problems

SAFE = "server: {mode: production, base_url: 'https://a.test', tls: off}\n"
LITERAL = "literal secret; allowed in production: {env: NAME} or {file: PATH}"
IN_URL = "literal password; allowed in production: {env: NAME} or {file: PATH}"
PRODUCTION = {
    "http": (
        "server: {mode: production, base_url: 'http://a.test', tls: off}",
        "F:1: server.base_url: plain http is refused in production; "
        "allowed: https://host[:port]",
    ),
    "no TLS": (
        "server: {mode: production, base_url: 'https://a.test'}",
        "F:1: server.tls: missing key; required in production: mapping or off",
    ),
    "no base URL": (
        "server: {mode: production, tls: off}",
        "F:1: server.base_url: missing key; required in production: URL",
    ),
    "master key": (
        SAFE.replace("tls: off", "tls: off, master_key: MARK"),
        f"F:1: server.master_key: {LITERAL}",
    ),
    "database": (
        SAFE.replace("tls: off", "tls: off, database: 'postgresql://u:MARK@h/d'"),
        f"F:1: server.database: {IN_URL}",
    ),
    "client secret": (
        SAFE + TENANT + "  applications: [{client_id: a, secrets: [{value: MARK}]}]",
        f"F:5: {AT}.applications[0].secrets[0].value: {LITERAL}",
    ),
    "password": (
        SAFE + TENANT + "  users: [{username: a, password: MARK}]",
        f"F:5: {AT}.users[0].password: {LITERAL}",
    ),
    "TOTP secret": (
        SAFE + TENANT + "  users: [{username: a, mfa: "
        "{totp_secret: MARKMARKMARKMARK}}]",
        f"F:5: {AT}.users[0].mfa.totp_secret: {LITERAL}",
    ),
    "mail": (
        SAFE + TENANT + "  mail: {smtp: 'smtp://u:MARK@h', from: a@b}",
        f"F:5: {AT}.mail.smtp: {IN_URL}",
    ),
    "mail of a connection": (
        SAFE + TENANT + "  connections: [{name: e, strategy: email, "
        "options: {smtp: 'smtp://u:MARK@h', from: a@b}}]",
        f"F:5: {AT}.connections[0].options.smtp: {IN_URL}",
    ),
    "bind password": (
        SAFE + TENANT + "  connections: [{name: e, strategy: ad, options: "
        "{urls: ['ldaps://h'], base_dn: a, bind_password: MARK}}]",
        f"F:5: {AT}.connections[0].options.bind_password: {LITERAL}",
    ),
    "secret at an upstream": (
        SAFE + TENANT + "  connections: [{name: e, strategy: waad, options: "
        "{authority: 'https://h/t', client_id: a, client_secret: MARK}}]",
        f"F:5: {AT}.connections[0].options.client_secret: {LITERAL}",
    ),
    "plain LDAP": (
        SAFE + TENANT + "  connections: [{name: e, strategy: ad, options: "
        "{urls: ['ldap://h'], base_dn: a}}]",
        f"F:5: {AT}.connections[0].options.urls[0]: "
        "plain ldap is refused in production; allowed: ldaps:// or start_tls: true",
    ),
    "plain upstream": (
        SAFE + TENANT + "  connections: [{name: e, strategy: sms, options: "
        "{webhook: 'http://h/t'}}]",
        f"F:5: {AT}.connections[0].options.webhook: "
        "plain http is refused in production; allowed: https://…",
    ),
}


@pytest.mark.parametrize(("text", "line"), PRODUCTION.values(), ids=PRODUCTION)
def test_production_refuses_what_development_takes(
    tmp_path: Path, text: str, line: str
) -> None:
    """`refuses literal secrets, plain http, missing TLS`; the secret is not told."""
    found = problems(tmp_path, text)

    assert found == [line]
    assert "MARK" not in found[0]
    development = text.replace("mode: production", "mode: development")
    assert read(tmp_path, development).server.mode == "development"


def test_production_takes_secrets_from_elsewhere(tmp_path: Path) -> None:
    """Secrets from the environment, from files and from variables are no literals."""
    (tmp_path / "s").write_text("file\n")

    settings = read(
        tmp_path,
        SAFE + TENANT + "  mail: {smtp: {env: SMTP}, from: a@b}\n"
        "  users: [{username: a, password: {file: s}}]\n",
        SMTP="smtp://u:p@h",
        OSTIARY_SERVER__DATABASE="postgresql://u:p@h/d",
        OSTIARY_SERVER__MASTER_KEY="key",
    )

    assert settings.server.master_key is not None
    assert settings.server.master_key.reveal() == "key"
    password = settings.tenants[0].users[0].password
    assert password is not None
    assert password.reveal() == "file"


@pytest.mark.parametrize("mode", ["development", "production"])
def test_tls_may_be_off_only_where_nobody_listens_in(tmp_path: Path, mode: str) -> None:
    """`tls: off` listens on loopback or for trusted_proxies only."""
    start = f"mode: {mode}, base_url: 'https://a.test', tls: off"
    everywhere = "listen: ['127.0.0.1:1', '0.0.0.0:1']"

    assert problems(tmp_path, f"server: {{{start}, {everywhere}}}") == [
        "F:1: server.tls: off is allowed only with loopback `listen` or with "
        "`trusted_proxies`"
    ]
    for good in (
        "listen: ['127.0.0.1:1', '[::1]:1', 'localhost:1']",
        f"{everywhere}, trusted_proxies: [10.0.0.0/8]",
    ):
        assert read(tmp_path, f"server: {{{start}, {good}}}").server.tls == "off"


@pytest.mark.parametrize(
    ("id_token", "length", "told"),
    [
        ("{algorithm: HS256}", 31, 31),
        ("{algorithm: HS256, secret_encoded: true}", 42, 31),
        ("{algorithm: HS256}", 32, None),
        ("{algorithm: HS256, secret_encoded: true}", 43, None),
        ("{algorithm: RS256}", 8, None),
    ],
)
def test_a_secret_that_signs_has_256_bits(
    tmp_path: Path, id_token: str, length: int, told: int | None
) -> None:
    """RFC 7518 §3.2: as many as the hash; one that only proves may be shorter."""
    body = f"{{client_id: a, id_token: {id_token}, secrets: [{{value: {{env: S}}}}]}}"
    text = f"{SAFE}{TENANT}  applications: [{body}]"
    if told is None:
        path = tmp_path / "good.yaml"
        path.write_text(text)
        [found] = load(path, {"S": "a" * length}).tenants[0].applications[0].secrets
        assert len(found.value.reveal()) == length
        return
    allowed = "allowed in production with HS256: 32 or more"
    where = f"F:5: {AT}.applications[0].secrets[0].value"
    expected = f"{where}: {told} bytes; {allowed}"
    assert problems(tmp_path, text, S="a" * length) == [expected]
