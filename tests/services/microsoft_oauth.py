"""The answers of the stand-in for Entra ID and AD FS: metadata, keys, password grants.

Whose password is right, and what tokens say, is decided in microsoft_state.py.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from tests.services import microsoft_trust
from tests.services.microsoft_state import (
    CONFIDENTIAL,
    PUBLIC,
    SECRET,
    TENANT,
    Microsoft,
)
from tests.services.microsoft_tokens import over

Reply = tuple[int, object]


def got(service: Microsoft, path: str) -> Reply:
    """What a GET is answered with; text is XML, anything else JSON."""
    url, lies = service.url, service.lies
    if path == "/adfs/services/trust/mex":
        return 200, microsoft_trust.mex(url, lies)
    if path.endswith("/keys"):
        return 200, {"keys": [service.signer.own.jwk]}
    issuer = token = keys = ""
    if path == "/adfs/.well-known/openid-configuration":
        issuer, token = service.adfs, f"{url}/adfs/oauth2/token"
        keys = f"{url}/adfs/discovery/keys"
    elif found := re.fullmatch(
        rf"/({TENANT}|organizations)/v2\.0/\.well-known/openid-configuration", path
    ):
        named = TENANT if found[1] == TENANT else "{tenantid}"
        issuer, token = f"{url}/{named}/v2.0", f"{url}/{found[1]}/oauth2/v2.0/token"
        keys = f"{url}/{found[1]}/discovery/v2.0/keys"
    elif path.endswith("/v2.0/.well-known/openid-configuration"):
        return _entra_error(service, "invalid_tenant", 90002)
    if not issuer:
        return 404, {}
    told: dict[str, object] = {"issuer": issuer, "token_endpoint": token}
    told |= {"jwks_uri": keys, "response_types_supported": ["code"]}
    told["id_token_signing_alg_values_supported"] = ["RS256"]
    return 200, over(told, lies.discovery)


def posted(service: Microsoft, path: str, raw: bytes) -> Reply:
    """What a POST is answered with."""
    if found := re.fullmatch(
        r"/adfs/services/trust/(13|2005)/usernamemixed", path, re.I
    ):
        return microsoft_trust.answer(
            found[1],
            raw,
            lambda user, password: service.refusal(user, password) is None,
            service.signer,
            service.url,
        )
    form = {name: values[-1] for name, values in parse_qs(raw.decode()).items()}
    if path == "/adfs/oauth2/token":
        return _adfs_token(service, form)
    if re.fullmatch(rf"/({TENANT}|organizations)/oauth2/v2\.0/token", path):
        return _entra_token(service, form)
    return 404, {}


def _entra_token(service: Microsoft, form: Mapping[str, str]) -> Reply:
    client, secret = form.get("client_id"), form.get("client_secret")
    if form.get("grant_type") != "password":
        return _entra_error(service, "unsupported_grant_type", 70003)
    if client not in (PUBLIC, CONFIDENTIAL):
        return _entra_error(service, "unauthorized_client", 700016)
    if client == CONFIDENTIAL and secret != SECRET:
        number = 7000218 if secret is None else 7000215
        return _entra_error(service, "invalid_client", number)
    number = service.refusal(form.get("username", ""), form.get("password", "")) or 0
    if number:
        return _entra_error(service, "invalid_grant", number)
    return 200, service.tokens(form, f"{service.url}/{TENANT}/v2.0")


def _entra_error(service: Microsoft, error: str, number: int) -> Reply:
    told = {
        "error": error,
        "error_description": f"AADSTS{number}: It was refused. Trace ID: 0000",
        "error_codes": [number],
        "error_uri": f"{service.url}/error?code={number}",
    }
    return 401 if error == "invalid_client" else 400, told


def _adfs_token(service: Microsoft, form: Mapping[str, str]) -> Reply:
    client, secret = form.get("client_id"), form.get("client_secret")
    if client not in (PUBLIC, CONFIDENTIAL):
        return _adfs_error("invalid_client", "MSIS9223: unknown 'client_id'.")
    if client == CONFIDENTIAL and secret != SECRET:
        return _adfs_error("invalid_client", "MSIS9607: the secret is wrong.")
    if form.get("grant_type") != "password":
        return _adfs_error("unsupported_grant_type", "MSIS9611: unsupported.")
    if service.refusal(form.get("username", ""), form.get("password", "")):
        # AD FS tells the states apart in its event log alone.
        text = "MSIS9659: Invalid 'username' or 'password'."
        return _adfs_error("invalid_grant", text)
    return 200, service.tokens(form, service.adfs)


def _adfs_error(error: str, text: str) -> Reply:
    return 400, {"error": error, "error_description": text}
