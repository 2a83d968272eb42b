"""Leaving a directory: `keep_password`, then strategy `auth0` (docs/directories).

What is kept when is tested where connections are.
"""

import base64
import json
from pathlib import Path
from typing import Any

from tests.agent.conftest import Hire
from tests.agent.running import agents_document, command, sign_in, until
from tests.wire.client import WireClient
from tests.wire.instance import Instance


def oid_of(answer: Any) -> str:
    """The object id in the id_token."""
    payload = answer.json()["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    oid: str = claims["oid"]
    return oid


def test_people_stay_who_they_are(tmp_path: Path, hire: Hire) -> None:
    """The same password and `oid` without the directory; who never came has none."""
    document = agents_document()
    options = document["tenants"][0]["connections"][1]["options"]
    options["keep_password"] = True
    folder = tmp_path / "server"
    folder.mkdir()
    instance = Instance(folder, {}, document)
    instance.start()
    client = WireClient(instance.address, instance.data / "ca.pem")
    try:
        agent = hire(instance)
        agent.start()
        before = sign_in(client, "alice")
        assert before.status_code == 200, before.text
        agent.stop()
        until(lambda: sign_in(client, "alice").status_code == 503)

        done = command(instance, "connection", "change", "corp-ad", *STRATEGY)

        assert "strategy" in done["changed"]
        after = sign_in(client, "alice")
        assert after.status_code == 200, after.text
        assert oid_of(after) == oid_of(before)
        for name, password in (("alice", "another one"), ("bob", "Right-Horse-7!")):
            refused = sign_in(client, name, password)
            assert (refused.status_code, refused.json()["error_codes"]) == (
                400,
                [50126],
            )
        shown = command(instance, "user", "show", "alice@pta.test")
        assert shown["auth0_id"] == "corp-ad|guid-of-alice"  # sub: auth0|corp-ad|…
        assert shown["has_password"] is True
    finally:
        client.close()
        instance.stop()


STRATEGY = ("--strategy", "auth0")
