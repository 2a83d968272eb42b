"""Runs a script with a client's interpreter; what each of its steps gave comes back.

A script is started once and takes many steps; its tests look at one step each.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.clients.environments import ROOT, Node, client_environment

SCRIPTS = Path(__file__).parent / "scripts"
SECONDS = 120


class Steps:
    """What the steps of a script gave or raised, by their names."""

    def __init__(self, outcomes: Mapping[str, Mapping[str, Any]]) -> None:
        self._outcomes = outcomes

    def gave(self, name: str) -> Any:
        """What the step returned; it must not have raised."""
        outcome = self._outcomes[name]
        assert "gave" in outcome, outcome
        return outcome["gave"]

    def raised(self, name: str) -> Mapping[str, Any]:
        """The error that the step ended with: `type`, `bases`, `text` and its facts."""
        outcome = self._outcomes[name]
        assert "raised" in outcome, f"the step succeeded with {sorted(outcome)}"
        error: Mapping[str, Any] = outcome["raised"]
        return error


def take_steps(
    command: Sequence[str | Path], facts: Mapping[str, Any], **variables: str
) -> Steps:
    """Run a script that reads `facts` and prints a JSON object of outcomes."""
    done = subprocess.run(
        [str(word) for word in command],
        input=json.dumps(facts),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=client_environment(**variables),
    )
    assert done.returncode == 0, done.stderr
    return Steps(json.loads(done.stdout.splitlines()[-1]))


def python_steps(
    python: Path, script: str, facts: Mapping[str, Any], **variables: str
) -> Steps:
    """Steps of a Python client; it trusts what `variables` say."""
    own = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return take_steps([python, SCRIPTS / script], facts, **own, **variables)


def node_steps(
    node: Node, script: str, facts: Mapping[str, Any], **variables: str
) -> Steps:
    """Steps of a Node client, which trusts the CA of `facts`."""
    trust = {"NODE_PATH": str(node.modules), "NODE_EXTRA_CA_CERTS": facts["ca"]}
    quiet = {"NODE_NO_WARNINGS": "1"}
    command = [node.executable, SCRIPTS / script]
    return take_steps(command, facts, **trust, **quiet, **variables)
