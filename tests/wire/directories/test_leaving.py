"""A real directory that stops for good: case 30's other half, and leaving it in time.

OpenLDAP is started, and stopped, for each test; option `keep_password` makes the
difference afterwards (issue: trickle migration).
"""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import skip_when_missing
from tests.services import openldap_people as people
from tests.services.openldap import openldap_server
from tests.wire.answers import assert_error, assert_tokens
from tests.wire.directories.conftest import running
from tests.wire.directories.estate import ONPREM, TID, Estate, connection, user_id
from tests.wire.directories.states import WRONG, check_away
from tests.wire.entra.cases import peek
from tests.wire.instance import Document

pytestmark = pytest.mark.xdist_group("faulty-directories")

RIGHT = people.PASSWORD
KEEPING, PLAIN = "corp-ad", "corp-plain"
GRACE, ALICE = "grace@pta.test", "alice@plain.test"


def started(stack: ExitStack, folder: Path) -> tuple[Estate, ExitStack]:
    """A server before a directory of its own; closing the second stops the latter."""
    directory = ExitStack()
    stack.push(directory)
    with skip_when_missing():
        server = directory.enter_context(openldap_server())
    options = {**server.options, "user_filter": "(uid={1})"}
    keeping = {**options, "keep_password": True}
    connections = [
        connection(KEEPING, keeping, server.secrets),
        connection(PLAIN, options, server.secrets),
    ]
    domains = {"pta.test": KEEPING, "plain.test": PLAIN}
    return stack.enter_context(running(folder, connections, domains)), directory


def take_over(document: Document) -> None:
    """The directories become databases of our own."""
    for tenant in document["tenants"]:
        for each in tenant["connections"]:
            if each["name"] in (KEEPING, PLAIN):
                each |= {"strategy": "auth0", "options": {}}


def oid(estate: Estate, name: str, tenant: str = TID) -> str:
    """Sign in at Entra; whose id that is."""
    answer = estate.entra(name, RIGHT, tenant=tenant)
    body = assert_tokens(answer, "refresh_token", "id_token")
    return str(peek(body["id_token"])["oid"])


def test_case_30_the_validator_is_down(tmp_path: Path) -> None:
    """503, temporarily_unavailable, 80001; the counters stay as they were."""
    with ExitStack() as stack:
        estate, directory = started(stack, tmp_path)
        assert oid(estate, GRACE)
        before = estate.instance.guesses()
        directory.close()
        for name, password in ((GRACE, RIGHT), (GRACE, "Wrong-Passw0rd!")):
            check_away(estate.entra(name, password), 80001)
        check_away(estate.old("grace", RIGHT, KEEPING))
        assert estate.instance.guesses() == before
        assert estate.local().status_code == 200


def test_who_signed_in_before_can_leave_the_directory(tmp_path: Path) -> None:
    """Same `oid` and `sub`, same password, no directory; of others nothing was kept."""
    with ExitStack() as stack:
        estate, directory = started(stack, tmp_path)
        grace, alice = oid(estate, "grace", ONPREM), oid(estate, ALICE)
        passed_through = oid(estate, GRACE)
        theirs = user_id(estate.old("grace", RIGHT, KEEPING))
        directory.close()
        estate.instance.apply(take_over)
        assert oid(estate, "grace", ONPREM) == grace
        assert oid(estate, GRACE) == passed_through
        wrong = estate.entra("grace", "Wrong-Passw0rd!", tenant=ONPREM)
        assert_error(wrong, 400, "invalid_grant", 50126)
        WRONG.check_old(estate.old("alice", RIGHT, PLAIN))
        kept = user_id(estate.old("grace", RIGHT, KEEPING))
        assert kept.split("|")[-1] == theirs.split("|")[-1]
        hashes = dict(estate.instance.rows("SELECT id, password_hash FROM users"))
        assert hashes[grace].startswith("$argon2id$")
        assert hashes[alice] is None
