"""Values that are wrong in themselves are told in one exact line each.

The values are never repeated in it: any of them may be a secret.
"""

from pathlib import Path

import pytest

from tests.test_settings_errors import AT, TENANT, problems

GUID = "11111111-2222-3333-4444-555555555555"
A_GUID = f"must be a GUID such as {GUID}"

VALUES = {
    "mode": (
        "server:\n  mode: producton\n",
        "F:2: server.mode: unknown value; did you mean 'production'? "
        "allowed: development, production",
    ),
    "edition": (
        TENANT + '  entra_edition: "2020-01"',
        f"F:4: {AT}.entra_edition: unknown value; allowed: 2018-11, 2018-12, 2019-11",
    ),
    "token version": (
        TENANT + "  resources: [{identifier: a, access_token_version: 3}]",
        f"F:4: {AT}.resources[0].access_token_version: unknown value; allowed: 1, 2",
    ),
    "a word where all or a list stands": (
        TENANT + "  policies: [{name: a, effect: block, users: al}]",
        f"F:4: {AT}.policies[0].users: wrong type: text; allowed: all or list of name",
    ),
    "tenant id": (
        "tenants:\n- id: 1234\n  domains: [{name: a.test}]\n",
        f"F:2: {AT}.id: wrong type: number; allowed: GUID, in quotes",
    ),
    "GUID": (
        f"tenants:\n- id: '{GUID}0'\n  domains: [{{name: a.test}}]\n",
        f"F:2: {AT}.id: {A_GUID}",
    ),
    "GUID of a user": (
        TENANT + "  users:\n  - username: a\n    id: nobody\n",
        f"F:6: {AT}.users[0].id: {A_GUID}",
    ),
    "client id": (
        TENANT + "  applications: [{client_id: a b}]",
        f"F:4: {AT}.applications[0].client_id: "
        "must be a GUID or up to 128 letters, digits, and . _ ~ -",
    ),
    "duration": (
        TENANT + "  refresh_tokens: {leeway: 30 seconds}",
        f"F:4: {AT}.refresh_tokens.leeway: must be seconds or a number with "
        "s, m, h or d, such as 30s or 90d",
    ),
    "negative duration": (
        TENANT + "  lockout: {seconds: -1}",
        f"F:4: {AT}.lockout.seconds: must be seconds or a number with "
        "s, m, h or d, such as 30s or 90d",
    ),
    "base URL with a path": (
        "server: {base_url: 'https://a.test/idp'}",
        "F:1: server.base_url: must be https://host[:port] without path, query or user",
    ),
    "base URL with a bad port": (
        "server: {base_url: 'https://a.test:99999'}",
        "F:1: server.base_url: must be https://host[:port] without path, query or user",
    ),
    "base URL without a host": (
        "server: {base_url: 'https://'}",
        "F:1: server.base_url: must be an address with a host name or IP address",
    ),
    "listen": (
        "server: {listen: ['8443']}",
        "F:1: server.listen[0]: must be HOST:PORT such as 127.0.0.1:8443 or [::1]:8443",
    ),
    "listen port": (
        "server: {listen: ['127.0.0.1:70000']}",
        "F:1: server.listen[0]: must be HOST:PORT such as 127.0.0.1:8443 or [::1]:8443",
    ),
    "database": (
        "server: {database: 'mysql://h/d'}",
        "F:1: server.database: must be sqlite, sqlite:///absolute/path or "
        "postgresql://user@host/database",
    ),
    "network": (
        "server: {trusted_proxies: [10.0.0.1/8]}",
        "F:1: server.trusted_proxies[0]: must be an IP address or a network such as "
        "10.0.0.0/8, with no bits set beyond the mask",
    ),
    "log level": (
        "server: {log: {level: warn}}",
        "F:1: server.log.level: unknown value; did you mean 'warning'? "
        "allowed: debug, error, info, warning",
    ),
    "domain": (
        "tenants:\n- name: a\n  domains: [{name: localhost}]",
        f"F:3: {AT}.domains[0].name: must be a domain such as contoso.test "
        "(xn--… for other alphabets)",
    ),
    "Auth0 domain": (
        TENANT + "  auth0_domain: https://localhost:8443",
        f"F:4: {AT}.auth0_domain: must be host[:port] or host[:port]/prefix, "
        "without https://",
    ),
    "redirect": (
        TENANT + "  applications: [{client_id: a, redirect_uris: {web: [/back]}}]",
        f"F:4: {AT}.applications[0].redirect_uris.web[0]: "
        "must be an absolute address, with its scheme, without a fragment",
    ),
    "origin": (
        TENANT + "  applications: [{client_id: a, allowed_origins: ['https://a/']}]",
        f"F:4: {AT}.applications[0].allowed_origins[0]: "
        "must be an origin such as https://app.contoso.test, with no slash",
    ),
    "certificate": (
        TENANT + "  applications: [{client_id: a, certificates: [app.pem]}]",
        f"F:4: {AT}.applications[0].certificates[0]: "
        "must be a certificate in PEM form, usually {file: app.pem}",
    ),
    "expiry": (
        TENANT + "  applications: [{client_id: a, secrets: [{value: a, "
        "expires: soon}]}]",
        f"F:4: {AT}.applications[0].secrets[0].expires: "
        "must be a date such as 2027-01-31",
    ),
    "expiry with a time": (
        TENANT + "  applications: [{client_id: a, secrets: [{value: a, "
        "expires: 2027-01-01 10:00:00}]}]",
        f"F:4: {AT}.applications[0].secrets[0].expires: "
        "wrong type: date; allowed: date",
    ),
    "TOTP secret": (
        TENANT + "  users: [{username: a, mfa: {totp_secret: MARK-0189}}]",
        f"F:4: {AT}.users[0].mfa.totp_secret: "
        "must be Base32 of at least 80 bits, 16 letters and digits 2-7",
    ),
    "empty secret": (
        TENANT + '  users: [{username: a, password: ""}]',
        f"F:4: {AT}.users[0].password: must be a secret that is not empty",
    ),
    "SMTP": (
        TENANT + "  mail: {smtp: 'https://u:MARK@h', from: a@b}",
        f"F:4: {AT}.mail.smtp: must be smtp://[user:password@]host[:port] or smtps://…",
    ),
    "sender": (
        TENANT + "  mail: {smtp: 'smtp://h', from: nobody}",
        f"F:4: {AT}.mail.from: must be an e-mail address",
    ),
    "LDAP": (
        TENANT + "  connections: [{name: a, strategy: ad, options: "
        "{base_dn: a, urls: ['http://dc']}}]",
        f"F:4: {AT}.connections[0].options.urls[0]: "
        "must be ldaps://host[:port] or ldap://host[:port]",
    ),
    "strategy": (
        TENANT + "  connections: [{name: a, strategy: adsf}]",
        f"F:4: {AT}.connections[0].strategy: unknown strategy; did you mean 'adfs'? "
        "allowed: auth0, ad, waad, adfs, email, sms and passive ones",
    ),
    "minimum bits": (
        TENANT + "  device_keys: {minimum_bits: 512}",
        f"F:4: {AT}.device_keys.minimum_bits: must be a whole number from 1024",
    ),
    "memory of many lanes": (
        TENANT + "  password_hash: {memory_kib: 16, parallelism: 4}",
        f"F:4: {AT}.password_hash.memory_kib: "
        "must be 8 KiB or more for each lane of parallelism (RFC 9106 §3.1)",
    ),
    "name with token": (
        "tenants:\n- name: mytokens\n  domains: [{name: a.test}]",
        f"F:2: {AT}.name: must not contain the word token",
    ),
    "prefix of an address": (
        TENANT + "  auth0_domain: localhost/api",
        f"F:4: {AT}.auth0_domain: reserved prefix 'api'; "
        "allowed: any but the names of addresses",
    ),
    "connection of a managed domain": (
        "tenants:\n- name: a\n  domains:\n  - name: a.test\n"
        "    connection: Username-Password-Authentication\n",
        f"F:5: {AT}.domains[0].connection: not allowed; "
        "only with authentication pass-through or federated",
    ),
    "password and hash": (
        TENANT + "  users: [{username: a, password: a, password_hash: a}]",
        f"F:4: {AT}.users[0].password_hash: "
        "not allowed together with password; give one of the two",
    ),
    "no connection of a pass-through domain": (
        "tenants:\n- name: a\n  domains:\n"
        "  - {name: a.test, authentication: pass-through}\n",
        f"F:4: {AT}.domains[0].connection: missing key; "
        "required with authentication pass-through",
    ),
    "no authority at AD FS": (
        TENANT
        + "  connections: [{name: a, strategy: adfs, options: {client_id: a}}]\n",
        f"F:4: {AT}.connections[0].options.authority: missing key; "
        "required with protocol oauth",
    ),
    "no WS-Trust certificate": (
        TENANT + "  connections: [{name: a, strategy: adfs, options: "
        "{protocol: ws-trust, wstrust_metadata: 'https://a.test/mex'}}]\n",
        f"F:4: {AT}.connections[0].options.signing_certificate: missing key; "
        "required with wstrust_metadata",
    ),
    "infinity in attributes": (
        TENANT + "  users: [{username: a, attributes: {x: [.inf]}}]",
        f"F:4: {AT}.users[0].attributes.x[0]: must be a finite number",
    ),
    "passwordless with a password": (
        TENANT + "  users: [{username: a, password: a, password_state: none}]",
        f"F:4: {AT}.users[0].password_state: none is not allowed together with "
        "a password",
    ),
}

INDIRECT = {
    "variable not set": (
        TENANT + "  users: [{username: a, password: {env: NOT_SET}}]",
        f"F:4: {AT}.users[0].password: environment variable 'NOT_SET' is not set; "
        "set it",
    ),
    "no such file": (
        TENANT + "  users: [{username: a, password: {file: none.txt}}]",
        f"F:4: {AT}.users[0].password: cannot read the file 'none.txt': "
        "No such file or directory",
    ),
    "a file too long": (
        TENANT + "  users: [{username: a, password: {file: /dev/zero}}]",
        f"F:4: {AT}.users[0].password: cannot read the file '/dev/zero': "
        "longer than 1000000 characters",
    ),
    "no name": (
        TENANT + "  users: [{username: a, password: {env: 1}}]",
        f"F:4: {AT}.users[0].password.env: must be text, not empty",
    ),
    "both": (
        TENANT + "  users: [{username: a, password: {env: A, file: b}}]",
        f"F:4: {AT}.users[0].password: wrong type: mapping; allowed: secret",
    ),
    "empty variable": (
        TENANT + "  users: [{username: a, password: {env: EMPTY}}]",
        f"F:4: {AT}.users[0].password: must be a secret that is not empty",
    ),
}


@pytest.mark.parametrize(
    ("text", "line"),
    [*VALUES.values(), *INDIRECT.values()],
    ids=[*VALUES, *INDIRECT],
)
def test_wrong_value_is_told_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    """One wrong value gives exactly one line, and the line does not repeat it."""
    found = problems(tmp_path, text, EMPTY="")

    assert found == [line]
    assert "MARK" not in found[0]


@pytest.mark.parametrize(
    "name",
    [
        *("common", "organizations", "consumers", "adfs", "oauth", "oauth2"),
        *("authorize", "userinfo", "oidc", "openid", "error", "devicelogin"),
        *("device", "health", "api", "admin", "static", "dbconnections"),
        *("passwordless", "v2", "Common"),
    ],
)
def test_reserved_names_are_no_tenants(tmp_path: Path, name: str) -> None:
    """Contract entra §2.1 reserves the first words of addresses, in any case."""
    (found,) = problems(
        tmp_path, f"tenants:\n- name: {name}\n  domains: [{{name: a.test}}]"
    )

    assert found.startswith(f"F:2: {AT}.name: reserved name; allowed: any but .well-")
