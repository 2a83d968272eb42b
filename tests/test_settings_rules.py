"""Rules over several keys: what exists once, and what names must lead to.

What production refuses is in test_settings_production.py.
"""

from pathlib import Path

import pytest

from tests.test_settings import read
from tests.test_settings_errors import AT, TENANT, problems

SECOND = "- name: fabrikam\n  domains: [{name: fabrikam.test}]\n"
GUID = "11111111-2222-3333-4444-555555555555"
IN_FILE = "at most one in the file is allowed"
IN_TENANT = "at most one in the tenant is allowed"
GRAPH = "https://graph.microsoft.com"


DUPLICATES = {
    "tenant ids": (
        f"tenants:\n- {{id: {GUID}, domains: [{{name: a.test}}]}}\n"
        f"- {{id: {GUID.upper()}, domains: [{{name: b.test}}]}}\n",
        f"F:3: tenants[1].id: the same as {AT}.id; {IN_FILE}",
    ),
    "tenant names": (
        TENANT + "- {name: Contoso, domains: [{name: b.test}]}\n",
        f"F:4: tenants[1].name: the same as {AT}.name; {IN_FILE}",
    ),
    "domains": (
        TENANT + "- {name: b, domains: [{name: CONTOSO.test}]}\n",
        f"F:4: tenants[1].domains[0].name: the same as {AT}.domains[0].name; {IN_FILE}",
    ),
    "Auth0 domains": (
        TENANT + "  auth0_domain: a.test\n" + SECOND + "  auth0_domain: A.test\n",
        f"F:7: tenants[1].auth0_domain: the same as {AT}.auth0_domain; {IN_FILE}",
    ),
    "client ids": (
        TENANT + "  applications:\n  - {client_id: a}\n  - {client_id: a}\n",
        f"F:6: {AT}.applications[1].client_id: the same as "
        f"{AT}.applications[0].client_id; {IN_TENANT}",
    ),
    "user ids": (
        TENANT + f"  users:\n  - {{username: a, id: {GUID}}}\n"
        f"  - {{username: b, id: {GUID}}}\n",
        f"F:6: {AT}.users[1].id: the same as {AT}.users[0].id; {IN_FILE}",
    ),
    "user names": (
        TENANT + "  users:\n  - username: a@b\n  - username: A@B\n",
        f"F:6: {AT}.users[1].username: the same as {AT}.users[0].username; {IN_TENANT}",
    ),
    "ids of users": (
        TENANT + "  users:\n  - {username: a, auth0_id: x}\n"
        "  - {username: b, auth0_id: X}\n",
        f"F:6: {AT}.users[1].auth0_id: the same as {AT}.users[0].auth0_id; {IN_TENANT}",
    ),
    "ids of users of two databases": (
        TENANT + "  connections:\n  - {name: c, strategy: auth0}\n"
        "  - {name: d, strategy: auth0}\n"
        "  users:\n  - {username: a, auth0_id: x, connection: c}\n"
        "  - {username: b, auth0_id: x, connection: d}\n",
        f"F:9: {AT}.users[1].auth0_id: the same as {AT}.users[0].auth0_id; {IN_TENANT}",
    ),
    "a login and a user name": (
        TENANT + "  users:\n  - username: a\n  - username: b\n    login: A\n",
        f"F:7: {AT}.users[1].login: the same as {AT}.users[0].username; {IN_TENANT}",
    ),
    "resources": (
        TENANT + "  resources:\n  - identifier: api://a\n  - identifier: api://a\n",
        f"F:6: {AT}.resources[1].identifier: the same as "
        f"{AT}.resources[0].identifier; {IN_TENANT}",
    ),
    "connections": (
        TENANT + "  connections:\n  - {name: c, strategy: auth0}\n"
        "  - {name: c, strategy: auth0}\n",
        f"F:6: {AT}.connections[1].name: the same as {AT}.connections[0].name; "
        f"{IN_TENANT}",
    ),
    "policies": (
        TENANT + "  policies:\n  - {name: p, effect: block}\n"
        "  - {name: p, effect: allow}\n",
        f"F:6: {AT}.policies[1].name: the same as {AT}.policies[0].name; {IN_TENANT}",
    ),
    "two at /adfs": (
        TENANT + "  adfs_alias: true\n" + SECOND + "  adfs_alias: true\n",
        f"F:7: tenants[1].adfs_alias: the same as {AT}.adfs_alias; {IN_FILE}",
    ),
}

DATABASE = "Username-Password-Authentication"
DANGLING = {
    "default directory": (
        TENANT + "  default_directory: Username-Pasword-Authentication\n",
        f"F:4: {AT}.default_directory: no such connection: "
        f"'Username-Pasword-Authentication'; did you mean '{DATABASE}'? "
        f"allowed: {DATABASE}",
    ),
    "connection of a domain": (
        "tenants:\n- name: a\n  domains:\n"
        "  - {name: a.test, authentication: federated, connection: sts}\n",
        f"F:4: {AT}.domains[0].connection: no such connection: 'sts'; "
        f"allowed: {DATABASE}",
    ),
    "connection of an application": (
        TENANT + "  applications: [{client_id: a, connections: [other]}]\n",
        f"F:4: {AT}.applications[0].connections[0]: no such connection: 'other'; "
        f"allowed: {DATABASE}",
    ),
    "connection of a user": (
        TENANT + "  users: [{username: a, connection: other}]\n",
        f"F:4: {AT}.users[0].connection: no such connection: 'other'; "
        f"allowed: {DATABASE}",
    ),
    "resource of a permission": (
        TENANT + "  applications: [{client_id: a, permissions: [api://x/Read]}]\n",
        f"F:4: {AT}.applications[0].permissions[0]: no such resource: 'api://x'; "
        f"allowed: {GRAPH}",
    ),
    "scope of a permission": (
        TENANT + "  resources: [{identifier: api://x, scopes: [{value: Read}]}]\n"
        "  applications: [{client_id: a, permissions: [api://x/Reed]}]\n",
        f"F:5: {AT}.applications[0].permissions[0]: no such scope: 'Reed'; "
        "did you mean 'Read'? allowed: Read",
    ),
    "resource of an admin's consent": (
        TENANT + "  applications: [{client_id: a, admin_consent: [api://x/Read]}]\n",
        f"F:4: {AT}.applications[0].admin_consent[0]: no such resource: 'api://x'; "
        f"allowed: {GRAPH}",
    ),
    "resource of a role": (
        TENANT + "  applications: [{client_id: a, roles: [{resource: x, role: y}]}]\n",
        f"F:4: {AT}.applications[0].roles[0].resource: no such resource: 'x'; "
        f"allowed: {GRAPH}, management",
    ),
    "role of a resource": (
        TENANT + "  resources: [{identifier: api://x, roles: [All]}]\n"
        "  applications: [{client_id: a, roles: [{resource: api://x, role: Al}]}]\n",
        f"F:5: {AT}.applications[0].roles[0].role: no such role: 'Al'; "
        "did you mean 'All'? allowed: All",
    ),
    "application of a consent": (
        TENANT + "  users: [{username: a, consents: [{client_id: c, scopes: [x]}]}]\n",
        f"F:4: {AT}.users[0].consents[0].client_id: no such application: 'c'; "
        "allowed: none, as none is listed",
    ),
    "assigned application": (
        TENANT + "  applications: [{client_id: b}]\n"
        "  users: [{username: a, assigned_to: [c]}]\n",
        f"F:5: {AT}.users[0].assigned_to[0]: no such application: 'c'; allowed: b",
    ),
    "pre-authorized application": (
        TENANT + "  resources: [{identifier: api://x, pre_authorized: [c]}]\n",
        f"F:4: {AT}.resources[0].pre_authorized[0]: no such application: 'c'; "
        "allowed: none, as none is listed",
    ),
    "application of a policy": (
        TENANT + "  policies: [{name: p, effect: block, applications: [c]}]\n",
        f"F:4: {AT}.policies[0].applications[0]: no such application: 'c'; "
        "allowed: none, as none is listed",
    ),
    "user of a policy": (
        TENANT + "  users: [{username: judy@contoso.test}]\n"
        "  policies: [{name: p, effect: block, users: [jody@contoso.test]}]\n",
        f"F:5: {AT}.policies[0].users[0]: no such user: 'jody@contoso.test'; "
        "did you mean 'judy@contoso.test'? allowed: judy@contoso.test",
    ),
}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(*case, id=f"{kind}: {name}")
        for kind, table in (("twice", DUPLICATES), ("dangling", DANGLING))
        for name, case in table.items()
    ],
)
def test_mistake_is_told_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    """What is there twice or leads nowhere is told at the later or naming key."""
    assert problems(tmp_path, text) == [line]


ELSEWHERE = {
    "Graph's scopes": "applications: [{client_id: a, permissions: "
    f"[User.Read, openid, {GRAPH}/Mail.Read, {GRAPH}//.default]}}]",
    "the management API": "applications: [{client_id: a, roles: "
    '[{resource: management, role: "*"}]}]',
    "all permissions of a resource": "resources: [{identifier: api://x}]\n"
    "  applications: [{client_id: a, permissions: [api://x/.default]}]",
    "a resource by its id": f"resources: [{{identifier: api://x, id: {GUID}, "
    "scopes: [{value: R}]}]\n"
    f"  applications: [{{client_id: a, permissions: [{GUID}/R]}}]",
    "a resource that ends in a slash": "resources: [{identifier: 'https://x.test/', "
    "scopes: [{value: R}]}]\n"
    "  applications: [{client_id: a, permissions: ['https://x.test//R']}]",
    "another tenant's application": "users: [{username: a, assigned_to: [other], "
    "consents: [{client_id: other, scopes: [api://other/Read]}]}]\n"
    "  resources: [{identifier: api://x, pre_authorized: [other]}]\n"
    "  policies: [{name: p, effect: block, applications: [other]}]",
    "a user from a directory": "connections: [{name: e, strategy: adfs, options: "
    "{authority: 'https://sts.test/adfs', client_id: a}}]\n"
    "  policies: [{name: p, effect: block, users: [who@ever.test]}]",
    "a user who may sign up": "signup: true\n"
    "  policies: [{name: p, effect: block, users: [who@ever.test]}]",
    "the same user name in two connections": "connections: "
    "[{name: c, strategy: auth0}, {name: d, strategy: auth0}]\n"
    "  users: [{username: a, connection: c}, {username: a, connection: d}]",
    "the same person over two connections to one AD FS": "connections: "
    "[{name: c, strategy: adfs, options: &o {authority: 'https://sts.test/adfs', "
    "client_id: a}}, {name: d, strategy: adfs, options: *o}]\n"
    "  users: [{username: a, connection: c, auth0_id: x}, "
    "{username: a, connection: d, auth0_id: x}]",
    "a user's login equal to the user name": "users: [{username: a, login: a}]",
}


@pytest.mark.parametrize("part", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_may_be_elsewhere_is_no_mistake(tmp_path: Path, part: str) -> None:
    """A name dangles only when it could be nowhere but in this tenant."""
    other = (
        SECOND + "  resources: [{identifier: api://other, scopes: [{value: Read}]}]\n"
        "  applications: [{client_id: other, audience: multi-tenant}]\n"
    )

    settings = read(tmp_path, f"{TENANT}  {part}\n{other}")

    assert [t.name for t in settings.tenants] == ["contoso", "fabrikam"]


def test_tenants_may_use_the_same_client_id(tmp_path: Path) -> None:
    """Tenants are walls (promise 6): an id of one says nothing in another."""
    one = "  applications: [{client_id: a}]\n"
    settings = read(tmp_path, TENANT + one + SECOND + one)
    ids = [tenant.applications[0].client_id for tenant in settings.tenants]
    assert ids == ["a", "a"]


ENCODED = "{algorithm: HS256, secret_encoded: true}"


def signing(id_token: str, secret: str) -> str:
    """A tenant with one application, whose id_tokens are signed so."""
    body = f"{{client_id: a, id_token: {id_token}, secrets: [{{value: '{secret}'}}]}}"
    return TENANT + f"  applications: [{body}]\n"


@pytest.mark.parametrize(
    "secret", ["a" * 43 + "!", "a" * 45], ids=["another alphabet", "odd length"]
)
def test_a_secret_that_is_to_be_decoded_can_be(tmp_path: Path, secret: str) -> None:
    """Or every sign-in would fail at the signature."""
    where = f"{AT}.applications[0].secrets[0].value"
    line = f"F:4: {where}: must be base64url, as id_token.secret_encoded says"
    assert problems(tmp_path, signing(ENCODED, secret)) == [line]


@pytest.mark.parametrize(
    ("id_token", "secret"),
    [
        (ENCODED, "a" * 43),
        (ENCODED, "a" * 43 + "="),
        (ENCODED, "+/" * 22),
        ("{algorithm: HS256}", "any text!"),
    ],
)
def test_other_secrets_are_taken_as_they_are(
    tmp_path: Path, id_token: str, secret: str
) -> None:
    """With padding or without, in either alphabet; undecoded ones are just text."""
    settings = read(tmp_path, signing(id_token, secret))
    [found] = settings.tenants[0].applications[0].secrets
    assert found.value.reveal() == secret


DIRECTORY = TENANT + "  connections:\n  - name: corp\n    strategy: ad\n    options: "


@pytest.mark.parametrize(
    "text",
    ["uid={0}", "(uid={0}", "(uid={0}))", "(uid={0})(mail={0})", ")(", "(a=b)c", ""],
)
def test_filters_are_enclosed_and_balanced(tmp_path: Path, text: str) -> None:
    """What no directory could read is told at once (RFC 4515 §3)."""
    options = f'{{urls: ["ldaps://dc"], base_dn: "DC=x", user_filter: "{text}"}}\n'
    [told] = problems(tmp_path, DIRECTORY + options)
    assert f"{AT}.connections[0].options.user_filter: " in told


@pytest.mark.parametrize(
    "text",
    ["(uid={0})", "(&(objectClass=person)(|(uid={1})(mail={0})))", "(cn=\\\\28)"],
)
def test_good_filters_are_taken(tmp_path: Path, text: str) -> None:
    """Escaped parentheses are no parentheses."""
    options = f'{{urls: ["ldaps://dc"], base_dn: "DC=x", group_filter: "{text}"}}\n'
    assert read(tmp_path, DIRECTORY + options).tenants[0].connections


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ('{base_dn: "DC=x"}', "urls"),
        ('{urls: ["ldaps://dc"]}', "base_dn"),
        ('{agent: true, urls: ["ldaps://dc"]}', "urls"),
        ('{agent: true, base_dn: "DC=x"}', "base_dn"),
    ],
)
def test_either_agents_or_the_server_know_the_directory(
    tmp_path: Path, options: str, key: str
) -> None:
    """Not both, and not neither."""
    [told] = problems(tmp_path, f"{DIRECTORY}{options}\n")
    assert f"{AT}.connections[0].options.{key}: " in told
