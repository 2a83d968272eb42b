"""What a good configuration file is read as: values, defaults, places.

Text from elsewhere is in test_settings_environment.py, bad files in _errors.py.
"""

import datetime
import subprocess
import sys
from pathlib import Path

import pytest

from ostiary.settings import Address, Settings, SettingsError, load

TENANT = "tenants:\n- name: contoso\n  domains: [{name: contoso.test}]\n"
CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e"


def read(folder: Path, text: str, **environ: str) -> Settings:
    """Load `text` as a file in `folder`."""
    path = folder / "ostiary.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ)


def test_defaults_are_those_of_the_interface(tmp_path: Path) -> None:
    """A tenant of a name and a domain gets every default of interface.md §2."""
    settings = read(tmp_path, TENANT)
    (tenant,) = settings.tenants

    assert (tenant.id, tenant.name) == (None, "contoso")
    assert tenant.domains[0].authentication == "managed"
    assert tenant.entra_edition == "2019-11"
    assert (tenant.password_grant, tenant.legacy_resource_owner) == (False, False)
    assert (tenant.signup, tenant.jsonp, tenant.adfs_alias) == (False, False, False)
    assert (tenant.hide_unknown_users, tenant.user_consent) == (True, True)
    assert (tenant.lockout.threshold, tenant.lockout.seconds) == (10, 60)
    assert tenant.source_failures == 100
    refresh = tenant.refresh_tokens
    assert (refresh.rotation, refresh.leeway) == ("one-time", 30)
    assert refresh.lifetime == 90 * 24 * 3600
    hashing = tenant.password_hash
    assert (hashing.algorithm, hashing.memory_kib) == ("argon2id", 19456)
    assert (hashing.iterations, hashing.parallelism) == (2, 1)
    assert tenant.access_token_lifetime is None
    assert tenant.auth0_domain is None
    assert tenant.mail is None


def test_server_defaults(tmp_path: Path) -> None:
    """A server that is not configured is a development one on localhost:8443."""
    server = read(tmp_path, "{}").server

    assert server.mode == "development"
    assert server.base_url == "https://localhost:8443"
    assert server.listen == (Address("127.0.0.1", 8443),)
    assert server.tls is None
    assert server.data_dir == tmp_path / "ostiary-data"
    assert (server.database, server.workers) == ("sqlite", 1)
    assert (server.metrics, server.hash_threads, server.master_key) == (None,) * 3
    assert (server.log.format, server.log.level) == ("json", "info")


def test_application_and_user_defaults(tmp_path: Path) -> None:
    """A new client has no grant and no secret; a new user is an enabled member."""
    settings = read(
        tmp_path,
        TENANT + "  applications: [{client_id: abc}]\n  users: [{username: a@b}]\n",
    )
    (app,), (user,) = settings.tenants[0].applications, settings.tenants[0].users

    assert (app.public_client, app.audience, app.grant_types) == (
        False,
        "single-tenant",
        (),
    )
    assert (app.connections, app.secrets, app.oidc_conformant) == (None, (), True)
    assert (app.assertion_reuse, app.assignment_required) == (True, False)
    assert (app.id_token.algorithm, app.id_token.lifetime) == ("RS256", 36000)
    assert (user.enabled, user.type, user.password_state) == (True, "member", "ok")
    assert (user.password, user.mfa.required, user.attributes) == (None, False, {})


def test_without_connections_there_is_auth0s_usual_one(tmp_path: Path) -> None:
    """`made by itself when no connections are listed` (interface.md §2)."""
    (tenant,) = read(tmp_path, TENANT).tenants

    assert [(c.name, c.strategy) for c in tenant.known_connections] == [
        ("Username-Password-Authentication", "auth0")
    ]
    assert tenant.directory == "Username-Password-Authentication"


def test_default_directory_is_the_first_database_connection(tmp_path: Path) -> None:
    """`absent: the first database connection`, also behind a social one."""
    (tenant,) = read(
        tmp_path,
        TENANT
        + "  connections:\n"
        + "  - {name: goog, strategy: google-oauth2}\n"
        + "  - {name: one, strategy: auth0}\n"
        + "  - {name: two, strategy: auth0}\n",
    ).tenants

    assert tenant.directory == "one"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("45", 45), ("30s", 30), ("10m", 600), ("10h", 36000), ("90d", 7776000)],
)
def test_durations(tmp_path: Path, written: str, seconds: int) -> None:
    """Seconds may be a plain number or carry s, m, h or d."""
    (tenant,) = read(
        tmp_path, TENANT + f"  refresh_tokens: {{leeway: {written}}}"
    ).tenants

    assert tenant.refresh_tokens.leeway == seconds


@pytest.mark.parametrize(
    ("written", "lifetime"), [("random", "random"), ("5m", 300), ("3600", 3600)]
)
def test_access_token_lifetime(
    tmp_path: Path, written: str, lifetime: int | str
) -> None:
    """Contract entra §7: fixed, with an option to randomise."""
    (tenant,) = read(tmp_path, TENANT + f"  access_token_lifetime: {written}\n").tenants

    assert tenant.access_token_lifetime == lifetime


def test_guids_and_domains_are_normalised(tmp_path: Path) -> None:
    """GUIDs and domains are the same in any case; the file's case is not kept."""
    (tenant,) = read(
        tmp_path,
        "tenants: [{id: AAAAAAAA-2222-3333-4444-555555555555,"
        " domains: [{name: Contoso.TEST}],"
        f" applications: [{{client_id: {CLIENT.upper()}}}]}}]",
    ).tenants

    assert tenant.id == "aaaaaaaa-2222-3333-4444-555555555555"
    assert tenant.domains[0].name == "contoso.test"
    assert tenant.applications[0].client_id == CLIENT


def test_attributes_are_left_as_they_are(tmp_path: Path) -> None:
    """A user's attributes are data: `{env: X}` in them is no reference."""
    (tenant,) = read(
        tmp_path,
        TENANT + "  users: [{username: a, attributes: {a: {env: X}, b: [1, null]}}]",
    ).tenants

    assert tenant.users[0].attributes == {"a": {"env": "X"}, "b": [1, None]}


def test_imported_hash_as_text_and_as_mapping(tmp_path: Path) -> None:
    """`password_hash` takes a PHC string or Auth0's custom_password_hash mapping."""
    (tenant,) = read(
        tmp_path,
        TENANT
        + '  users:\n  - {username: a, password_hash: "{SSHA}c2FsdA=="}\n'
        + "  - {username: b, password_hash: {algorithm: scrypt, keylen: 32, cost: 4096,"
        + " hash: {value: ff, encoding: hex}, salt: {value: abc123}}}\n",
    ).tenants
    text, mapping = (user.password_hash for user in tenant.users)

    assert text == "{SSHA}c2FsdA=="
    assert mapping is not None
    assert not isinstance(mapping, str)
    assert (mapping.algorithm, mapping.keylen, mapping.cost) == ("scrypt", 32, 4096)
    assert (mapping.block_size, mapping.parallelization) == (8, 1)
    assert mapping.salt is not None
    assert (mapping.salt.encoding, mapping.salt.position) == ("utf8", "prefix")


def test_dates_with_and_without_quotes(tmp_path: Path) -> None:
    """A secret's `expires` is a date, however YAML reads it."""
    (tenant,) = read(
        tmp_path,
        TENANT + "  applications: [{client_id: a, secrets: "
        '[{value: x, expires: 2027-01-31}, {value: y, expires: "2027-01-31"}]}]',
    ).tenants

    day = datetime.date(2027, 1, 31)
    assert [s.expires for s in tenant.applications[0].secrets] == [day, day]


@pytest.mark.parametrize("off", ["off", '"off"', "false"])
def test_off_is_understood_though_yaml_reads_false(tmp_path: Path, off: str) -> None:
    """`tls: off` and `metrics: off` are YAML's false."""
    server = read(tmp_path, f"server: {{tls: {off}, metrics: {off}}}").server

    assert (server.tls, server.metrics) == ("off", None)


def test_listeners_and_networks(tmp_path: Path) -> None:
    """Several addresses, IPv6 in brackets; a single proxy is a network of one."""
    server = read(
        tmp_path,
        'server: {listen: ["127.0.0.1:8443", "[::1]:443", "localhost:0"],'
        ' trusted_proxies: [10.0.0.1, 10.1.0.0/16, "::1"]}',
    ).server

    assert server.listen == (("127.0.0.1", 8443), ("::1", 443), ("localhost", 0))
    assert [str(address) for address in server.listen][1] == "[::1]:443"
    assert server.trusted_proxies == ("10.0.0.1/32", "10.1.0.0/16", "::1/128")


def test_base_url_loses_its_slash_and_its_case(tmp_path: Path) -> None:
    """The base is scheme, host and port, no path (contract entra, placeholders)."""
    server = read(tmp_path, "server: {base_url: 'https://LOGIN.test:8443/'}").server

    assert server.base_url == "https://login.test:8443"


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    """Starting the server elsewhere does not move its files."""
    server = read(
        tmp_path,
        "server: {data_dir: ./data, tls: {certificate: c.pem, key: /abs/k.pem}}",
    ).server

    assert server.data_dir == tmp_path / "data"
    assert server.tls is not None
    assert server.tls != "off"
    assert server.tls.certificate == tmp_path / "c.pem"
    assert server.tls.key == Path("/abs/k.pem")


def test_json_is_yaml(tmp_path: Path) -> None:
    """`JSON is YAML` (interface.md §2)."""
    text = '{"tenants": [{"name": "contoso", "domains": [{"name": "contoso.test"}]}]}'

    assert read(tmp_path, text).tenants[0].name == "contoso"


def test_aliases_are_followed(tmp_path: Path) -> None:
    """A value anchored once may be used again, and keeps its own key path."""
    (tenant,) = read(
        tmp_path,
        TENANT
        + "  applications: [{client_id: a, permissions: &p [User.Read],"
        + " admin_consent: *p}]",
    ).tenants

    assert tenant.applications[0].admin_consent == ("User.Read",)


def test_later_checks_can_name_lines(tmp_path: Path) -> None:
    """A problem found after reading still tells file, line and key."""
    settings = read(tmp_path, TENANT + "  users:\n  - username: a\n    login: b\n")
    path = ("tenants", 0, "users", 0, "login")

    assert settings.line_of(path) == 6
    # An absent key is looked for where its mapping begins.
    assert settings.line_of(("tenants", 0, "users", 0, "email")) == 5
    error = SettingsError([settings.problem(path, "is taken")])
    assert (
        str(error) == f"{tmp_path}/ostiary.yaml:6: tenants[0].users[0].login: is taken"
    )


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """Everything read is frozen, so that it may be shared."""
    settings = read(tmp_path, TENANT)

    with pytest.raises(AttributeError):
        settings.tenants[0].name = "other"  # type: ignore[misc]


def test_reading_settings_loads_little() -> None:
    """A fast start: no HTTP, database or crypto library comes with the settings."""
    code = (
        "import sys, ostiary.settings\n"
        "print([m for m in ('asyncio', 'ssl', 'http', 'sqlite3', 'cryptography',"
        " 'psycopg', 'sqlalchemy', 'click') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert done.stdout.strip() == "[]"
