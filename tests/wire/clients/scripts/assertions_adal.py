"""The assertion that ADAL for Python makes, by its own builder."""

from typing import Any

from adal.authority import Authority
from adal.self_signed_jwt import SelfSignedJwt

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.steps import step


@step
def thumbprint(facts: dict[str, Any]) -> str:
    """A SHA-1 thumbprint is all it knows."""
    context = {"log_context": {"correlation_id": "1"}}
    address = f"https://{facts['host']}/{facts['tenant']}"
    authority = Authority(address, False)
    authority.token_endpoint = f"{address}/oauth2/token"
    builder = SelfSignedJwt(context, authority, facts["client"])
    text: str | bytes = builder.create(facts["key_pem"], facts["thumbprint"], None)
    return text.decode() if isinstance(text, bytes) else text


if __name__ == "__main__":
    steps.main()
