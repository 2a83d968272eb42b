"""MSAL Python with users whose domain is federated; run with its own interpreter."""

import warnings

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.msal_python_apps import (
    SCOPES,
    Answer,
    Facts,
    KeepPort,
    public,
    signed_in,
)
from tests.wire.clients.scripts.steps import step

warnings.simplefilter("ignore")


def app_of(facts: Facts, path: str = "contoso.test") -> tuple[object, KeepPort]:
    """An application that asks at our port, and what it asks."""
    session = KeepPort(facts)
    app = public(facts, f"{facts['base']}/{path}", http_client=session)
    return app, session


@step
def federated(facts: Facts) -> Answer:
    """A password that never comes to us, then a renewal."""
    app, session = app_of(facts)
    first = signed_in(facts, app, "federated")
    [account] = app.get_accounts()  # type: ignore[attr-defined]
    renewed = app.acquire_token_silent(  # type: ignore[attr-defined]
        SCOPES, account=account, force_refresh=True
    )
    told = {name: str(account[name]) for name in account}
    asked = session.asked
    return {"first": first, "renewed": renewed, "account": told, "asked": asked}


@step
def organizations(facts: Facts) -> Answer:
    """An authority that names no tenant."""
    return signed_in(facts, app_of(facts, "organizations")[0], "federated")


@step
def passed_through(facts: Facts) -> Answer:
    """A domain whose realm is managed though its passwords are over there."""
    return signed_in(facts, app_of(facts)[0], "through")


@step
def wrong_password(facts: Facts) -> Answer:
    """The service says no."""
    return signed_in(facts, app_of(facts)[0], "federated", "wrong")


if __name__ == "__main__":
    steps.main()
