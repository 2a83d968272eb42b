"""`plan`, `apply` and `export`: what they change, say and keep to themselves."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.commands import CONTOSO, Commands, commands, contoso

__all__ = ["commands"]

FULL: dict[str, Any] = {
    "domains": [
        {"name": "contoso.test"},
        {"name": "pta.test", "authentication": "pass-through", "connection": "ad"},
        {"name": "fed.test", "authentication": "federated", "connection": "adfs"},
    ],
    "auth0_domain": "localhost:8443/contoso",
    "entra_edition": "2018-12",
    "legacy_resource_owner": True,
    "adfs_alias": True,
    "signup": True,
    "jsonp": True,
    "device_keys": {"enabled": True, "minimum_bits": 1024},
    "mail": {"smtp": "smtp://post:mail-word@mail.test:25", "from": "a@contoso.test"},
    "hide_unknown_users": False,
    "user_consent": False,
    "lockout": {"threshold": 5, "seconds": 30, "source_failures": 7},
    "refresh_tokens": {"rotation": "reuse-allowed", "leeway": 5, "lifetime": 3600},
    "access_token_lifetime": "random",
    "connections": [
        {"name": "people", "strategy": "auth0"},
        {
            "name": "ad",
            "strategy": "ad",
            "options": {
                "urls": ["ldaps://dc1.corp.test"],
                "ca": "ca.pem",
                "base_dn": "DC=corp,DC=test",
                "bind_dn": "CN=finder",
                "bind_password": "bind-word",
                "user_filter": "(mail={0})",
                "keep_password": True,
            },
        },
        {
            "name": "adfs",
            "strategy": "adfs",
            "enabled": False,
            "options": {
                "authority": "https://adfs.corp.test/adfs",
                "client_id": "us",
                "client_secret": "upstream-word",
            },
        },
        {
            "name": "email",
            "strategy": "email",
            "options": {
                "smtp": "smtps://post:code-word@mail.test",
                "from": "b@contoso.test",
            },
        },
        {"name": "goog", "strategy": "google-oauth2"},
    ],
    "applications": [
        {
            "client_id": "web",
            "name": "Web",
            "audience": "multi-tenant",
            "enabled": False,
            "grant_types": ["password", "client_credentials"],
            "oidc_conformant": False,
            "connections": [],
            "secrets": [{"value": "web-word", "expires": "2030-01-01"}],
            "redirect_uris": {
                "web": ["https://a.test/"],
                "spa": ["https://b.test/x"],
                "public": ["http://localhost"],
            },
            "allowed_origins": ["https://c.test"],
            "assertion_reuse": False,
            "assignment_required": True,
            "permissions": ["User.Read", "api://tasks/Tasks.Read"],
            "admin_consent": ["User.Read", "api://tasks/Tasks.Read"],
            "roles": [{"resource": "management", "role": "read:users"}],
            "id_token": {"algorithm": "HS256", "lifetime": 60, "secret_encoded": True},
        }
    ],
    "users": [
        {
            "username": "Alice@contoso.test",
            "login": "alice",
            "auth0_id": "abc123",
            "password": "Alices-1st-word",
            "email": "alice@contoso.test",
            "email_verified": True,
            "name": "Alice Doe",
            "given_name": "Alice",
            "family_name": "Doe",
            "nickname": "al",
            "picture": "https://a.test/p.png",
            "phone_number": "+420123",
            "enabled": False,
            "type": "guest",
            "password_state": "expired",
            "mfa": {"required": True, "totp_secret": "JBSWY3DPEHPK3PXPAB"},
            "groups": ["b", "a"],
            "consents": [{"client_id": "web", "scopes": ["api://tasks/Tasks.Read"]}],
            "assigned_to": ["web"],
            "attributes": {"off": {"env": "X"}, "n": 1.5, "list": [1, None, "é\n2"]},
        },
        {"username": "carol@pta.test"},
    ],
    "policies": [
        {"name": "z", "effect": "block", "users": ["alice@contoso.test"]},
        {
            "name": "a",
            "effect": "require-mfa",
            "applications": ["web"],
            "networks": ["10.0.0.0/8", "::1/128"],
        },
        {"name": "m", "effect": "allow"},
    ],
}
WORDS = (
    "mail-word",
    "bind-word",
    "upstream-word",
    "code-word",
    "web-word",
    "Alices-1st-word",
    "JBSWY3DPEHPK3PXPAB",
)


@pytest.fixture
def full(tmp_path: Path) -> Commands:
    """An instance whose tenant says something of every key."""
    return Commands(tmp_path, contoso(**FULL))


def exported(commands: Commands) -> Any:
    """The document that `export` writes."""
    return yaml.safe_load(commands.say("export"))


def test_applying_twice_changes_nothing(full: Commands) -> None:
    """Every key of the file is stored as it reads: interface.md §2."""
    assert full.plan() == (0, ["no differences"])
    assert full.say("apply", str(full.path)) == "no differences\n"


def test_an_exported_file_applied_to_its_store_changes_nothing(full: Commands) -> None:
    """`export | plan` ends with 0, with --prune as well."""
    text = full.say("export")
    full.path.write_text(text)
    assert full.plan("--prune") == (0, ["no differences"])
    assert full.say("export") == text


def test_an_export_into_an_empty_store_is_the_same_tenant(
    full: Commands, tmp_path: Path
) -> None:
    """Only secrets are missing from an export: all else comes back elsewhere."""
    document = exported(full)
    (tmp_path / "b").mkdir()
    other = Commands(tmp_path / "b", *document["tenants"])
    assert exported(other)["tenants"] == document["tenants"]


def test_export_says_every_key_that_was_declared(full: Commands) -> None:
    """Nothing that an operator writes is lost, but secrets."""
    (tenant,) = exported(full)["tenants"]
    for key in FULL:
        assert key in tenant, key
    for key in ("lockout", "refresh_tokens", "device_keys", "access_token_lifetime"):
        assert tenant[key] == FULL[key]
    application = dict(FULL["applications"][0])
    application.pop("secrets")
    shown = tenant["applications"][0]
    assert sorted(shown.pop("grant_types")) == sorted(application.pop("grant_types"))
    assert shown == {**application, "public_client": False}
    assert tenant["mail"] == {
        "smtp": "smtp://post@mail.test:25",
        "from": "a@contoso.test",
    }
    assert tenant["users"][0]["attributes"] == FULL["users"][0]["attributes"]
    assert [each["name"] for each in tenant["policies"]] == ["z", "a", "m"]


def test_no_secret_is_shown_or_lies_in_the_store(full: Commands) -> None:
    """Plans, exports and the store's files hold no secret in the clear (promise 9)."""
    said = full.say("export") + full.say("export", "--json")
    said += full.say("plan", str(full.path), "--json")
    stored = full.files()
    for word in WORDS:
        assert word not in said
        assert word.encode() not in stored
    assert "argon2id" not in said


def test_declared_secrets_are_sealed_and_silence_keeps_them(full: Commands) -> None:
    """A secret that the file does not repeat stays in the store."""

    def sealed() -> list[str]:
        store = sqlite3.connect(full.folder / "data" / "ostiary.sqlite")
        rows = store.execute("SELECT document FROM connections ORDER BY name")
        documents = [json.loads(row[0]) for row in rows]
        store.close()
        return [str(each["options"].get("sealed")) for each in documents]

    before = sealed()
    assert sum("v1." in text for text in before) == 3
    full.path.write_text(full.say("export"))
    full.say("apply", str(full.path), "--prune")
    assert sealed() == before


def test_a_kept_secret_is_not_sent_to_another_address(full: Commands) -> None:
    """Promise 9: upstream secrets cannot be redirected to another host."""
    document = exported(full)
    options = document["tenants"][0]["connections"][1]["options"]
    options["urls"] = ["ldaps://elsewhere.test"]
    full.path.write_text(yaml.safe_dump(document))
    full.say("apply", str(full.path))
    store = sqlite3.connect(full.folder / "data" / "ostiary.sqlite")
    row = store.execute("SELECT document FROM connections WHERE name = 'ad'").fetchone()
    store.close()
    stored = json.loads(row[0])["options"]
    assert stored["urls"] == ["ldaps://elsewhere.test"]
    assert "sealed" not in stored


def test_plan_reads_the_standard_input(commands: Commands) -> None:
    """`ostiary export | ostiary plan -` needs no file between."""
    done = subprocess.run(
        [sys.executable, "-m", "ostiary", "plan", "-"],
        input=commands.say("export"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "no differences\n"), done.stderr


def test_a_plan_names_changes_and_ends_with_3(commands: Commands) -> None:
    """A difference is a line with what differs, and the exit code 3."""
    commands.write(contoso(hide_unknown_users=False, applications=[]))
    code, lines = commands.plan("--prune")
    assert code == 3
    assert lines == [
        f"~ tenant contoso/{CONTOSO} (hide_unknown_users)",
        "- application contoso/console",
    ]
    assert commands.plan()[1] == lines[:1]


def test_what_the_file_does_not_name_stays_unless_pruned(commands: Commands) -> None:
    """Without --prune nothing is removed; with it all of it is (interface.md §2)."""
    bare = contoso(applications=[], users=[], resources=[])
    assert commands.apply(bare) == ["no differences"]
    removed = commands.apply(bare, prune=True)
    assert removed == [
        "- resource contoso/api://tasks",
        "- application contoso/console",
        "- user contoso/alice@contoso.test",
    ]
    assert commands.plan("--prune") == (0, ["no differences"])


def test_a_removed_id_is_never_given_again(commands: Commands) -> None:
    """A declared id of a removed user stops with file, line and key."""
    user = {"username": "alice@contoso.test"}
    (row,) = commands.tell("user", "list")
    commands.apply(contoso(users=[]), prune=True)
    commands.write(contoso(users=[{**user, "id": row["id"]}]))
    line = commands.refuse("plan", str(commands.path), code=2)
    assert line.startswith(f"{commands.path}:")
    assert "tenants[0].users[0].id: belonged to somebody who was removed" in line
    commands.apply(contoso(users=[user]))
    (again,) = commands.tell("user", "list")
    assert again["id"] != row["id"]
    assert commands.plan() == (0, ["no differences"])


def test_another_id_for_a_known_name_is_a_problem_of_that_key(
    commands: Commands,
) -> None:
    """Ids stay for ever: the file cannot give a user another one."""
    user = {
        "username": "alice@contoso.test",
        "id": "99999999-0000-4000-8000-00000000000a",
    }
    commands.write(contoso(users=[user]))
    line = commands.refuse("apply", str(commands.path), code=2)
    assert "tenants[0].users[0].id: alice@contoso.test has another id" in line


def test_the_other_services_id_stays_as_well(commands: Commands) -> None:
    """`auth0_id` is kept for ever (interface.md §3, ids); silence keeps it."""
    user = {"username": "alice@contoso.test", "auth0_id": "abc"}
    commands.apply(contoso(users=[user]))
    assert commands.apply(contoso()) == ["no differences"]
    commands.write(contoso(users=[{**user, "auth0_id": "other"}]))
    line = commands.refuse("apply", str(commands.path), code=2)
    assert "tenants[0].users[0].auth0_id: was another one: ids never change" in line


def test_an_id_of_another_tenants_user_is_refused(commands: Commands) -> None:
    """Tenants are walls: no file takes a user over (promise 6)."""
    (row,) = commands.tell("user", "list")
    fabrikam = {
        "name": "fabrikam",
        "domains": [{"name": "fabrikam.test"}],
        "password_hash": {"memory_kib": 64},
        "users": [{"username": "eve@fabrikam.test", "id": row["id"]}],
    }
    commands.write(fabrikam)
    line = commands.refuse("apply", str(commands.path), code=2)
    assert "tenants[0].users[0].id: belongs to a user of another tenant" in line
    commands.write({**fabrikam, "users": [], "domains": [{"name": "contoso.test"}]})
    line = commands.refuse("apply", str(commands.path), code=2)
    assert "tenants[0].domains[0].name: contoso.test belongs to another" in line


def test_users_can_swap_their_names(commands: Commands) -> None:
    """A rename follows the id, even when two users change names at once."""
    one, two = (f"99999999-0000-4000-8000-00000000000{n}" for n in "12")
    both = [{"username": "a@contoso.test", "id": one}]
    both.append({"username": "b@contoso.test", "id": two})
    commands.apply(contoso(users=both))
    swapped = [{**both[0], "username": "b@contoso.test"}]
    swapped.append({**both[1], "username": "a@contoso.test"})
    lines = commands.apply(contoso(users=swapped))
    assert lines == [
        "~ user contoso/b@contoso.test (username)",
        "~ user contoso/a@contoso.test (username)",
    ]
    ids = {row["username"]: row["id"] for row in commands.tell("user", "list")}
    assert ids["b@contoso.test"] == one
    assert ids["a@contoso.test"] == two


def test_a_domain_can_move_to_another_tenant(commands: Commands) -> None:
    """In one apply the one tenant gives up what the other takes, in any order."""
    second: dict[str, Any] = {"name": "second", "domains": [{"name": "second.test"}]}
    first = contoso(domains=[{"name": "contoso.test"}, {"name": "moving.test"}])
    commands.apply(first, second)
    second["domains"].append({"name": "moving.test"})
    lines = commands.apply(second, contoso())
    assert len(lines) == 2
    shown = {row["name"]: row["domains"] for row in commands.tell("tenant", "list")}
    assert shown == {
        "contoso": ["contoso.test"],
        "second": ["second.test", "moving.test"],
    }


def password_of(commands: Commands) -> tuple[str, float]:
    """The stored hash of alice, and since when."""
    store = sqlite3.connect(commands.folder / "data" / "ostiary.sqlite")
    query = "SELECT password_hash, password_changed_at FROM users WHERE name_folded = ?"
    row = store.execute(query, ["alice@contoso.test"]).fetchone()
    store.close()
    return row[0], row[1]


def test_applying_never_undoes_a_reset(commands: Commands) -> None:
    """A declared password counts once; what came later stays (interface.md §2)."""
    commands.say(
        "user",
        "change",
        "alice@contoso.test",
        "--password-stdin",
        input="A-new-one-2\n",
    )
    before = password_of(commands)
    assert commands.apply(contoso()) == ["no differences"]
    assert password_of(commands) == before
    user = {"username": "alice@contoso.test", "password": "Alices-3rd-word"}
    lines = commands.apply(contoso(users=[user]))
    assert lines == ["~ user contoso/alice@contoso.test (password)"]
    assert password_of(commands) != before


def test_applying_never_lowers_a_stored_hash(commands: Commands) -> None:
    """An imported hash is taken once; weaker rules do not rehash what is stored."""
    stored, _ = password_of(commands)
    weak = {"memory_kib": 8, "iterations": 1}
    lines = commands.apply(contoso(password_hash=weak))
    assert lines == [f"~ tenant contoso/{CONTOSO} (password_hash)"]
    assert password_of(commands)[0] == stored
    imported = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
    user = {"username": "alice@contoso.test", "password_hash": imported}
    commands.apply(contoso(users=[user]))
    commands.say(
        "user",
        "change",
        "alice@contoso.test",
        "--password-stdin",
        input="A-new-one-2\n",
    )
    renewed = password_of(commands)
    assert renewed[0] != imported
    assert commands.apply(contoso(users=[user])) == ["no differences"]
    assert password_of(commands) == renewed


def test_policies_keep_the_order_of_the_file(commands: Commands) -> None:
    """The first match decides, so a moved or inserted policy lands where it stands."""

    def order() -> list[str]:
        (tenant,) = exported(commands)["tenants"]
        return [each["name"] for each in tenant["policies"]]

    def rules(*names: str) -> list[dict[str, str]]:
        return [{"name": name, "effect": "block"} for name in names]

    commands.apply(contoso(policies=rules("m", "z", "a")))
    assert order() == ["m", "z", "a"]
    lines = commands.apply(contoso(policies=rules("a", "m", "z")))
    assert lines == ["~ policy contoso/a (position)"]
    assert order() == ["a", "m", "z"]
    commands.apply(contoso(policies=rules("a", "new", "m", "z")))
    assert order() == ["a", "new", "m", "z"]
    assert commands.apply(contoso(policies=rules("m", "z"))) == ["no differences"]
    commands.apply(contoso(policies=rules("z", "m")))
    assert order() == ["a", "new", "z", "m"]
    assert commands.plan() == (0, ["no differences"])


def test_a_tenant_without_an_id_is_found_by_its_name(commands: Commands) -> None:
    """The same file without the id means the tenant that is there, ids and all."""
    policies = [{"name": "p", "effect": "block"}]
    commands.apply(contoso(policies=policies))
    nameless = contoso(policies=policies)
    del nameless["id"]
    assert commands.apply(nameless) == ["no differences"]


def test_a_retired_tenant_id_is_refused(commands: Commands) -> None:
    """A removed tenant's id never comes back, not even by the file."""
    commands.say("tenant", "remove", "contoso", "--yes")
    line = commands.refuse("apply", str(commands.path), code=2)
    assert "tenants[0].id: belonged to a tenant that was removed" in line


def test_pruning_takes_consents_back(commands: Commands) -> None:
    """With --prune what users allowed beyond the file goes as well."""
    words = ("--client-id", "console", "--user", "alice@contoso.test")
    commands.say("consent", "add", *words, "--scope", "Mail.Read")
    assert commands.plan() == (0, ["no differences"])
    code, lines = commands.plan("--prune")
    assert (code, lines) == (3, ["~ user contoso/alice@contoso.test (consents)"])


def test_literal_secrets_of_the_server_are_left_out(tmp_path: Path) -> None:
    """An export never repeats the master key; it says how to give it."""
    commands = Commands(tmp_path)
    key = "A" * 43
    text = f"server: {{data_dir: data, master_key: {key}}}\ntenants: []\n"
    commands.path.write_text(text)
    done = commands.run("export")
    assert done.exit_code == 0
    assert key not in done.stdout
    assert done.stderr == (
        "ostiary: server.master_key is secret and left out; "
        "set OSTIARY_SERVER__MASTER_KEY\n"
    )
    assert yaml.safe_load(done.stdout)["server"] == {"data_dir": str(tmp_path / "data")}


def test_wrong_files_are_told_with_line_and_key(commands: Commands) -> None:
    """A configuration error is one line and the exit code 2 (interface.md §3)."""
    commands.path.write_text("server: {}\ntenants:\n- {name: a, domain: []}\n")
    done = commands.run("plan", str(commands.path))
    assert done.exit_code == 2
    assert f"{commands.path}:3: tenants[0].domain: unknown key" in done.stderr


def test_postgresql_keeps_the_same(
    tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same file, the same commands, the same export; its password stays out."""
    commands = Commands(tmp_path, contoso(**FULL), database=postgresql_url)
    assert commands.plan("--prune") == (0, ["no differences"])
    done = commands.run("export")
    password = postgresql_url.partition("@")[0].rpartition(":")[2]
    assert password not in done.stdout
    assert "server.database is secret and left out" in done.stderr
    commands.path.write_text(done.stdout)
    monkeypatch.setenv("OSTIARY_SERVER__DATABASE", postgresql_url)
    assert commands.plan("--prune") == (0, ["no differences"])
    commands.say("keys", "rotate")
    commands.say("user", "change", "alice@contoso.test", "--username", "al", "--unlock")
    commands.say("consent", "remove", "--client-id", "web", "--admin")
    commands.say("app", "remove", "web", "--yes")
    commands.say("user", "remove", "al", "--yes")
    commands.say("tenant", "add", "second", "--domain", "second.test")
    commands.say("tenant", "remove", "contoso", "--yes")
    assert [row["name"] for row in commands.tell("tenant", "list")] == ["second"]
    line = commands.refuse("tenant", "add", "x", "--domain", "x.test", "--id", CONTOSO)
    assert line.endswith("ids are never reused")


def test_a_certificate_of_no_use_is_told_at_its_line(commands: Commands) -> None:
    """Not found out by the first client that wants to sign in with it."""
    broken = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"
    tenant = contoso()
    tenant["applications"] = [{"client_id": "daemon", "certificates": [broken]}]
    commands.write(tenant)
    line = commands.refuse("apply", str(commands.path), code=2)
    assert ": tenants[0].applications[0].certificates[0]: is of no use: " in line
    assert line.endswith("allowed: an RSA certificate of 2048 bits or more")
