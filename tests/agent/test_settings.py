"""The agent's configuration file: read strictly, and told by its manual.

What the program does with it is tried in the other modules.
"""

import re
import subprocess
import sys
from pathlib import Path

import msgspec.inspect as kinds
import pytest

from ostiary.agent.settings import AgentSettings, load
from ostiary.settings import SettingsError
from ostiary.settings.wording import word_of

MANUAL = Path(__file__).parents[2] / "docs" / "directories" / "agent.md"
OUT = "is written out; better {env: NAME} or {file: PATH}"
GOOD = """\
server: https://login.example
name: dc1
code: {env: CODE}
directory:
  urls: ["ldaps://dc1.corp.test"]
  base_dn: DC=corp,DC=test
  bind_dn: CN=ostiary,DC=corp,DC=test
  bind_password: {file: password}
"""


def problems_of(path: Path, text: str) -> list[str]:
    """What is wrong with it, without the file's folder."""
    path.write_text(text)
    (path.parent / "password").write_text("secret\n")
    with pytest.raises(SettingsError) as wrong:
        load(path, {"CODE": "c"})
    return [str(each).removeprefix(f"{path.parent}/") for each in wrong.value.problems]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is written."""
    return tmp_path / "agent.yaml"


def test_a_good_file_is_read(path: Path) -> None:
    """Secrets come from elsewhere, paths count from the file's folder."""
    path.write_text(GOOD)
    (path.parent / "password").write_text("secret\n")
    settings, warnings = load(path, {"CODE": "the-code"})
    assert settings.server == "https://login.example"
    assert settings.known_name == "dc1"
    assert settings.code is not None
    assert settings.code.reveal() == "the-code"
    assert settings.data_dir == path.parent / "ostiary-agent-data"
    assert settings.directory.bind_password is not None
    assert settings.directory.bind_password.reveal() == "secret"
    assert warnings == ()
    assert "secret" not in repr(settings)


def test_literal_secrets_are_warned_of(path: Path) -> None:
    """They work, and a line says where they stand."""
    path.write_text(GOOD.replace("{env: CODE}", "abc").replace("{file: password}", "x"))
    _, warnings = load(path, {})
    assert [str(each).removeprefix(f"{path}:") for each in warnings] == [
        f"3: code: {OUT}",
        f"8: directory.bind_password: {OUT}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("https://", "http://", "agent.yaml:1: server: must be https://"),
        ("name: dc1", "name: d c", "agent.yaml:2: name: must be 1 to 64 letters"),
        ("name: dc1", "nmae: dc1", "agent.yaml:2: nmae: unknown key; did you mean"),
        ("  base_dn: DC=corp,DC=test\n", "", "agent.yaml:4: directory.base_dn: miss"),
        ("base_dn:", "agent: true\n  base_dn:", "directory.agent: not allowed here"),
        (
            "base_dn:",
            "keep_password: true\n  base_dn:",
            "agent.yaml:6: directory.keep_password: not allowed here",
        ),
        (
            "ldaps://dc1.corp.test",
            "ldap://dc1.corp.test",
            "agent.yaml:5: directory.urls[0]: plain ldap beyond this machine",
        ),
        (
            "{file: password}",
            "{env: ABSENT}",
            "environment variable 'ABSENT' is not set",
        ),
    ],
)
def test_what_is_wrong_is_told_by_line(
    path: Path, old: str, new: str, told: str
) -> None:
    """In the form of the server's own file (interface §3)."""
    assert old in GOOD
    (problem,) = problems_of(path, GOOD.replace(old, new))
    assert told in problem


@pytest.mark.parametrize("text", ["", "[]", "server: [", "a: 1\na: 2\n"])
def test_what_is_no_mapping_is_told(path: Path, text: str) -> None:
    """Before anything is made of it."""
    (problem,) = problems_of(path, text)
    assert problem.startswith("agent.yaml:")


@pytest.mark.parametrize("code", ["{env: GONE}", "{file: gone}"])
def test_a_code_that_is_gone_is_like_none(path: Path, code: str) -> None:
    """It is needed for the first start alone, and may then be thrown away."""
    (path.parent / "password").write_text("secret\n")
    path.write_text(GOOD.replace("{env: CODE}", code))
    settings, warnings = load(path, {})
    assert settings.code is None
    assert warnings == ()


def test_plain_ldap_on_this_machine_is_taken(path: Path) -> None:
    """Or anywhere with StartTLS."""
    (path.parent / "password").write_text("secret\n")
    for text in (
        GOOD.replace("ldaps://dc1.corp.test", "ldap://localhost"),
        GOOD.replace("ldaps://dc1", "ldap://dc1") + "  start_tls: true\n",
    ):
        path.write_text(text)
        assert load(path, {"CODE": "c"})[0].directory.base_dn == "DC=corp,DC=test"


def test_a_wrong_file_ends_the_command_with_2(path: Path) -> None:
    """With one line; so does a missing one, and one without code or enrolment."""
    (path.parent / "password").write_text("secret\n")
    path.write_text(GOOD.replace("name: dc1", "nmae: dc1"))
    for config, told in (
        (path, "nmae: unknown key"),
        (path.parent / "none.yaml", "cannot be read"),
        (path.parent / "no-code.yaml", "give a good `code`"),
    ):
        if config.name == "no-code.yaml":
            config.write_text(GOOD.replace("code: {env: CODE}\n", ""))
        line = [sys.executable, "-m", "ostiary", "agent", "--config", str(config)]
        env = {"CODE": "c", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=60, env=env, cwd=path.parent
        )
        assert done.returncode == 2, done.stderr
        (last,) = done.stderr.strip().splitlines()
        assert told in last
        assert done.stdout == ""


def test_the_manual_names_every_key() -> None:
    """Each with its type, default and meaning, as the code reads it."""
    struct = kinds.type_info(AgentSettings)
    assert isinstance(struct, kinds.StructType)
    rows = []
    for field in struct.fields:
        assert isinstance(field.type, kinds.Metadata)
        meaning = (field.type.extra_json_schema or {})["description"]
        default = {True: "required"}.get(field.required)
        if default is None:
            known = {None: "absent"}.get(field.default, f"`{field.default}`")
            default = "see there" if field.encode_name == "log" else known
        word = word_of(field.type)
        rows.append(f"| `{field.encode_name}` | {word} | {default} | {meaning} |")
    assert re.findall(r"^\| `.*$", MANUAL.read_text(), re.MULTILINE) == rows


def test_the_example_of_the_manual_loads(tmp_path: Path) -> None:
    """As it stands, with its secrets at hand."""
    (example,) = re.findall(r"```yaml\n(server:.*?)```", MANUAL.read_text(), re.DOTALL)
    (tmp_path / "agent.yaml").write_text(example)
    names = re.findall(r"\{env: (\w+)\}", example)
    settings, warnings = load(tmp_path / "agent.yaml", dict.fromkeys(names, "x"))
    assert settings.directory.urls
    assert warnings == ()
