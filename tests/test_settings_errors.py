"""Mistakes of form, keys and types are told in one exact line each.

`FILE:LINE: key.path: what is wrong and what is allowed` (interface.md §3). Values
that are wrong in themselves are in test_settings_values.py.
"""

from pathlib import Path

import pytest

from ostiary.settings import SettingsError, load

TENANT = "tenants:\n- name: contoso\n  domains: [{name: contoso.test}]\n"
AT = "tenants[0]"


def problems(folder: Path, text: str | bytes, **environ: str) -> list[str]:
    """Load a bad file; answer its lines, with `F` for the file's own path."""
    path = folder / "bad.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingsError) as caught:
        load(path, environ)
    lines = str(caught.value).split("\n")
    assert lines == [str(problem) for problem in caught.value.problems]
    return [line.replace(str(path), "F") for line in lines]


FORM = {
    "no mapping": ("- a", "F:1: file: must be a mapping; allowed: server, tenants"),
    "empty": ("", "F:1: file: must be a mapping; allowed: server, tenants"),
    "no YAML": (
        "server:\n  workers: [1\ntenants: []\n",
        "F:3: file: is not YAML: did not find expected ',' or ']'",
    ),
    "a control character": (
        "server:\n  mode: \x01",
        "F:2: file: is not YAML: control characters are not allowed",
    ),
    "no UTF-8": (b"server: \xff", "F:1: file: is not text in UTF-8"),
    "two documents": (
        "{}\n---\n{}\n",
        "F:2: file: must be one document; a second begins",
    ),
    "key twice": (
        "server:\n  workers: 1\n  workers: 2\n",
        "F:3: server.workers: appears twice in the same mapping; a key is allowed once",
    ),
    "key twice, deep": (
        TENANT + "  users:\n  - username: a\n    attributes: {a: 1, a: 1}\n",
        f"F:6: {AT}.users[0].attributes.a: appears twice in the same mapping; "
        "a key is allowed once",
    ),
    "a list as key": (
        "server:\n  ? [a]\n  : b\n",
        "F:2: server: has a key that is no plain word",
    ),
    "a tag": (
        "server: !!python/object:os.system {}\n",
        "F:1: server: has the tag 'tag:yaml.org,2002:python/object:os.system'; "
        "tags are not allowed",
    ),
    "binary": (
        "server: {mode: !!binary YQ==}",
        "F:1: server.mode: is no YAML value that is allowed here; put it in quotes",
    ),
    "an impossible date": (
        "server: {mode: 2027-13-45}",
        "F:1: server.mode: is no YAML value that is allowed here; put it in quotes",
    ),
    "an alias of nothing": (
        "server: *a",
        "F:1: server: alias *a must follow the complete value of &a",
    ),
    "an alias inside itself": (
        "server: &a\n  tls: *a",
        "F:2: server.tls: alias *a must follow the complete value of &a",
    ),
    "a merge key": (
        "server: &a {}\ntenants:\n- <<: *a\n  name: a\n  domains: [{name: a.test}]\n",
        f"F:3: {AT}['<<']: unknown key; allowed: ",
    ),
}

KEYS = {
    "unknown at the top": (
        "tenant: []",
        "F:1: tenant: unknown key; did you mean 'tenants'? allowed: server, tenants",
    ),
    "unknown in the server": (
        "server:\n  base_ur: https://a.test\n",
        "F:2: server.base_ur: unknown key; did you mean 'base_url'? allowed: mode, "
        "base_url, listen, tls, data_dir, database, master_key, workers, "
        "hash_threads, trusted_proxies, outgoing_networks, metrics, log",
    ),
    "unknown, like nothing": (
        TENANT + "  device_keys:\n    enabled: true\n    zzz: 1\n",
        f"F:6: {AT}.device_keys.zzz: unknown key; allowed: enabled, minimum_bits",
    ),
    "unknown with a line break": (
        'server: {tls: {certificate: a, key: b, "x\\ny": 1}}',
        "F:1: server.tls['x\\ny']: unknown key; allowed: certificate, key",
    ),
    "unknown option": (
        TENANT + "  connections:\n  - name: c\n    strategy: sms\n    options:\n"
        "      webhok: https://g.test\n      webhook: https://g.test\n",
        f"F:8: {AT}.connections[0].options.webhok: unknown key; "
        "did you mean 'webhook'? allowed: webhook, ca",
    ),
    "option of a strategy without": (
        TENANT + "  connections: [{name: g, strategy: auth0, options: {a: 1}}]",
        f"F:4: {AT}.connections[0].options.a: unknown key; allowed: none",
    ),
    "missing in a tenant": (
        "tenants:\n- name: contoso\n",
        f"F:2: {AT}.domains: missing key; required: list of mapping",
    ),
    "missing in a list item": (
        TENANT + "  applications:\n  - client_id: a\n  - name: b\n",
        f"F:6: {AT}.applications[1].client_id: missing key; required: client id",
    ),
    "missing half of TLS": (
        "server: {tls: {certificate: a}}",
        "F:1: server.tls.key: missing key; required: path",
    ),
    "missing name and id": (
        "tenants:\n- domains: [{name: a.test}]\n",
        f"F:2: {AT}: missing key; required: id or name",
    ),
    "no domain": (
        "tenants:\n- name: a\n  domains: []\n",
        f"F:3: {AT}.domains: must have 1 item or more",
    ),
    "no options": (
        TENANT + "  connections:\n  - {name: a, strategy: ad}\n",
        f"F:5: {AT}.connections[0].options: missing key; required with strategy ad",
    ),
}

TYPES = {
    "number for text": (
        TENANT + "  users: [{username: a, phone_number: +15551234}]",
        f"F:4: {AT}.users[0].phone_number: wrong type: number; allowed: name, "
        "in quotes",
    ),
    "yes for text": (
        "tenants:\n- name: on\n  domains: [{name: a.test}]",
        f"F:2: {AT}.name: wrong type: true or false; allowed: name, in quotes",
    ),
    "date for text": (
        "server: {data_dir: 2027-01-01}",
        "F:1: server.data_dir: wrong type: date; allowed: path, in quotes",
    ),
    "text for a number": (
        "server: {workers: two}",
        "F:1: server.workers: wrong type: text; allowed: whole number from 1",
    ),
    "zero workers": (
        "server: {workers: 0}",
        "F:1: server.workers: must be a whole number from 1",
    ),
    "yes for a number": (
        "server: {hash_threads: true}",
        "F:1: server.hash_threads: wrong type: true or false; "
        "allowed: whole number from 1",
    ),
    "text for a switch": (
        TENANT + '  signup: "yes"',
        f"F:4: {AT}.signup: wrong type: text; allowed: true or false",
    ),
    "mapping for a list": (
        "tenants: {name: a}",
        "F:1: tenants: wrong type: mapping; allowed: list of mapping",
    ),
    "text for a list": (
        TENANT + "  applications: [{client_id: a, grant_types: password}]",
        f"F:4: {AT}.applications[0].grant_types: wrong type: text; "
        "allowed: list of word",
    ),
    "text for a mapping": (
        TENANT + "  lockout: 10",
        f"F:4: {AT}.lockout: wrong type: number; allowed: mapping",
    ),
    "nothing": (
        TENANT + "  users:",
        f"F:4: {AT}.users: wrong type: nothing; allowed: list of mapping",
    ),
    "on for TLS": (
        "server: {tls: on}",
        "F:1: server.tls: wrong type: true or false; allowed: mapping or off",
    ),
    "list for a hash": (
        TENANT + "  users: [{username: a, password_hash: []}]",
        f"F:4: {AT}.users[0].password_hash: wrong type: list; allowed: hash or mapping",
    ),
    "date in attributes": (
        TENANT + "  users: [{username: a, attributes: {since: 2020-01-01}}]",
        f"F:4: {AT}.users[0].attributes.since: wrong type: date; "
        "allowed: JSON values, put it in quotes",
    ),
}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(*case, id=f"{kind}: {name}")
        for kind, table in (
            ("form", FORM),
            ("keys", KEYS),
            ("types", TYPES),
        )
        for name, case in table.items()
    ],
)
def test_mistake_is_told_in_one_line(
    tmp_path: Path, text: str | bytes, line: str
) -> None:
    """One mistake gives exactly one line: file, line, key, what is allowed."""
    found = problems(tmp_path, text)

    if line.endswith("allowed: "):  # a list too long to repeat here
        found = [found[0][: len(line)], *found[1:]]
    assert found == [line]


def test_nesting_is_bounded(tmp_path: Path) -> None:
    """A hundred thousand brackets give an error, not a crash."""
    found = problems(tmp_path, "server: " + "[" * 100_000)

    assert found == ["F:1: file: nests deeper than 50 levels"]


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    """Nine lines that stand for a billion values are refused."""
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(9):
        lines.append(f"b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]")

    (found,) = problems(tmp_path, "\n".join(lines))

    assert found.endswith("makes more than 2000000 values")


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is told by its name."""
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "none.yaml", {})

    assert str(caught.value) == (
        f"{tmp_path}/none.yaml:1: file: cannot be read: No such file or directory"
    )


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """One run names every mistake of types and keys, in the order of lines."""
    text = "server:\n  workers: x\n  mode: y\n" + TENANT + "  signup: 1\n  user: []\n"

    found = problems(tmp_path, text)

    assert [line.split(": ")[:2] for line in found] == [
        ["F:2", "server.workers"],
        ["F:3", "server.mode"],
        ["F:7", f"{AT}.signup"],
        ["F:8", f"{AT}.user"],
    ]


def test_environment_names_its_variable(tmp_path: Path) -> None:
    """A mistake in a variable is told with the variable's name for the file."""
    found = problems(
        tmp_path,
        "{}",
        OSTIARY_SERVER__BASE_UR="https://a.test",
        OSTIARY_SERVER__WORKERS="two",
        OSTIARY_SERVER__LOG__KEY="k",
    )

    assert found[0].startswith(
        "OSTIARY_SERVER__BASE_UR:1: server.base_ur: unknown key; "
        "did you mean 'base_url'? allowed: mode, "
    )
    assert (
        "OSTIARY_SERVER__LOG__KEY:1: server.log.key: unknown key; "
        "allowed: format, level"
    ) in found
    assert (
        "OSTIARY_SERVER__WORKERS:1: server.workers: wrong type: text; "
        "allowed: whole number from 1"
    ) in found


def test_broken_list_in_the_environment(tmp_path: Path) -> None:
    """A list that is not closed is a mistake, not a text."""
    (found,) = problems(tmp_path, "{}", OSTIARY_SERVER__LISTEN="[127.0.0.1:1")

    assert found == (
        "OSTIARY_SERVER__LISTEN:1: server.listen: is not YAML: "
        "did not find expected ',' or ']'"
    )
