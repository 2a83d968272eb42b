"""Users with telephones, and who else may come to their keys: requests, no test.

Contract auth0 §2; the telephone itself is in `tests.keys.phones`.
"""

import base64
import json
import time
from typing import Any

import httpx
import jwt

from tests.keys.forms import bare
from tests.keys.phones import Phone
from tests.wire.auth0.conftest import DB, PW, Auth0Client
from tests.wire.instance import Instance

JWTG = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CREDENTIALS = "/api/v2/device-credentials"
JSON = {"content-type": "application/json"}
SECRET = "SEC-0123456789abcdef"


def basic(name: str, password: str = PW, connection: str = DB) -> dict[str, str]:
    """The header of way B: base64url without padding, backslash before the name."""
    plain = f"{connection}\\{name}:{password}"
    return {"authorization": f"Basic {bare(plain.encode())}"}


def bearer(token: str) -> dict[str, str]:
    """A token as a header."""
    return {"authorization": f"Bearer {token}"}


def key_of(phone_pem: str, **changes: Any) -> dict[str, Any]:
    """What Lock posts to register a key."""
    return {
        "type": "public_key",
        "value": base64.b64encode(phone_pem.encode()).decode(),
        "device_name": "Bob's iPhone",
        "device_id": "6A5F",
        "client_id": "LEG",
        **changes,
    }


def delete(
    d: Auth0Client, path: str, headers: dict[str, str], body: object = None
) -> httpx.Response:
    """DELETE, with a JSON body or without one."""
    sent = b"" if body is None else json.dumps(body).encode()
    return d.wire.send("DELETE", d.prefix + path, sent, {**JSON, **headers})


def id_of(d: Auth0Client, name: str) -> str:
    """The id of a user, as the id_token tells it."""
    token = d.ro(username=name).json()["id_token"]
    read = jwt.decode(token, options={"verify_signature": False})
    return str(read["sub"])


def stored_id(server: Instance, username: str) -> str:
    """The id of a user of D who cannot sign in to tell it."""
    [[external_id]] = server.rows(
        "SELECT external_id FROM users WHERE name_folded = ? AND tenant_id = ?",
        username,
        "99999999-0000-4000-8000-000000000001",
    )
    return f"auth0|{external_id}"


def by_device(d: Auth0Client, token: str, **changes: Any) -> httpx.Response:
    """A sign-in by that device token."""
    fixed = {"grant_type": JWTG, "device": "x", "id_token": token, **changes}
    return d.ro("username", "password", **fixed)


def application_token(d: Auth0Client, server: Instance, **more: Any) -> dict[str, str]:
    """The header of an application's own token for the management API."""
    answer = d.post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": "CONF",
            "client_secret": SECRET,
            "audience": f"https://localhost:{server.port}/api/v2/",
            **more,
        },
    )
    assert answer.status_code == 200, answer.text
    return bearer(answer.json()["access_token"])


def user_token(
    d: Auth0Client, server: Instance, name: str, *verbs: str
) -> dict[str, str]:
    """The header of a user's token for their own devices."""
    scope = " ".join(f"{verb}:current_user_device_credentials" for verb in verbs)
    audience = f"https://localhost:{server.port}/api/v2/"
    answer = d.tk(username=name, audience=audience, scope=scope or "openid")
    assert answer.status_code == 200, answer.text
    return bearer(answer.json()["access_token"])


class Registered:
    """A user with a telephone whose key is registered for LEG by way B."""

    def __init__(self, d: Auth0Client, name: str, **changes: Any) -> None:
        self.d, self.name, self.phone = d, name, Phone.new()
        self.user_id = id_of(d, name)
        body = key_of(self.phone.pem, **changes)
        answer = d.post(CREDENTIALS, body, basic(name))
        assert answer.status_code == 201, answer.text
        self.key_id = answer.json()["id"]

    def token(self, **changes: Any) -> str:
        """A fresh token; times differ, so that two are never the same."""
        return self.phone.token(
            self.user_id, time.time(), nonce=time.time_ns(), **changes
        )

    def sign_in(self, *without: str, **changes: Any) -> httpx.Response:
        """`A72` changed."""
        body = {
            "grant_type": JWTG,
            "device": "BobsiPhone",
            "scope": "openid offline_access",
            **changes,
        }
        if "id_token" not in body and "id_token" not in without:
            body["id_token"] = self.token()
        gone = {"username", "password"} - set(changes)
        return self.d.ro(*without, *gone, **body)
