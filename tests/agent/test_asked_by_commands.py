"""`ostiary connection test` and the doctor, beside a server with agents.

The commands are processes of their own: they reach agents by way of the server's store.
"""

import json
import subprocess
import sys

from tests.agent.conftest import Hire
from tests.agent.running import START_SECONDS, command, until
from tests.agent.stand_in import RIGHT
from tests.wire.instance import Instance


def test_a_connection_is_tested_through_an_agent(server: Instance, hire: Hire) -> None:
    """Examined and looked up where the directory is; a password costs one bind."""
    agent = hire(server, "tried", "other-ad")
    agent.start()
    told = command(server, "connection", "test", "other-ad")
    said = {"level": "warning", "text": "it is made up", "mend": "take a real one"}
    assert said in told["remarks"]
    assert agent.noted() == []
    test = [
        *(sys.executable, "-m", "ostiary", "connection", "test", "other-ad"),
        *("--config", str(server.path), "--json"),
        *("--username", "bob", "--password-stdin"),
    ]
    done = subprocess.run(
        test, input=f"{RIGHT}\n", capture_output=True, text=True, timeout=START_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["user"]["id"] == "other-ad|guid-of-bob"
    assert "the password is right" in [each["text"] for each in told["remarks"]]
    assert agent.noted() == ["bind CN=bob"]


def test_the_doctor_counts_agents(server: Instance, hire: Hire) -> None:
    """Those of a connection that were here within a minute, of those enrolled."""
    hire(server, "counted", "other-ad").start()

    def seen() -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "ostiary", "doctor", "--json", str(server.path)],
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        found = [each["text"] for each in json.loads(done.stdout)]
        about = [text for text in found if "other-ad: " in text]
        assert len(about) == 1
        return (
            "agent(s) were here within a minute" in about[0] and ": 0" not in about[0]
        )

    until(seen)
