"""What a script of a Python client is made of: named steps, one JSON answer.

Runs in the client's environment: nothing but the standard library.
"""

import asyncio
import inspect
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

Step = Callable[..., Any]
PLAIN = (str, int, float, dict, list, type(None))

_steps: dict[str, Step] = {}


def step(function: Step) -> Step:
    """Make a function a step; it takes the facts."""
    _steps[function.__name__] = function
    return function


def main(step_of: Callable[[str], Step] | None = None) -> None:
    """Take every step in the order of the file and print the outcomes.

    With `step_of`, one more for each name in the fact `snippets`.
    """
    facts = json.load(sys.stdin)
    if step_of is not None:
        _steps.update({name: step_of(name) for name in facts["snippets"]})
    outcomes = {name: _taken(function, facts) for name, function in _steps.items()}
    print(json.dumps(outcomes))


def _taken(function: Step, facts: dict[str, Any]) -> dict[str, Any]:
    try:
        given = function(facts)
        return {"gave": asyncio.run(given) if inspect.iscoroutine(given) else given}
    except Exception as error:
        return {"raised": told(error)}


def told(error: Exception) -> dict[str, Any]:
    """An error as the tests look at it."""
    return {
        "type": type(error).__name__,
        "bases": [kind.__name__ for kind in type(error).__mro__],
        "text": str(error),
        "error_response": getattr(error, "error_response", None),
        "members": {k: v for k, v in vars(error).items() if isinstance(v, PLAIN)},
        "trace": traceback.format_exc().splitlines()[-8:],
    }
