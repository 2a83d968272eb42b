"""Ready-to-paste calls of the demo's token endpoint by real clients.

Each is one shell command that needs nothing but its client; a test runs them all.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from shlex import quote
from string import Template
from typing import Final

from ostiary.demo.instance import Auth0Half, Instance


@dataclass(frozen=True, slots=True)
class Snippet:
    """A title of one line, and a shell command."""

    title: str
    text: str


CURL: Final = """\
curl --cacert $ca \\
  $token_endpoint \\
  -d grant_type=password -d client_id=$client_id \\
  --data-urlencode username=$shell_username \\
  --data-urlencode password=$shell_password \\
  --data-urlencode $shell_scope"""

MSAL_PYTHON: Final = """\
$python - <<'EOF'
import msal
app = msal.PublicClientApplication(
    "$client_id",
    authority="$authority",
    instance_discovery=False)
print(app.acquire_token_by_username_password(
    $username, $password, [$scope]))
EOF"""

MSAL_PYTHON_PORT: Final = """\
$python - <<'EOF'
import msal, requests
class KeepPort(requests.Session):
    def request(self, method, url, **more):
        url = url.replace("https://localhost/", "$base_url/", 1)
        return super().request(method, url, **more)
app = msal.PublicClientApplication(
    "$client_id",
    authority="$authority",
    instance_discovery=False, http_client=KeepPort())
print(app.acquire_token_by_username_password(
    $username, $password, [$scope]))
EOF"""

MSAL_PYTHON_ADFS: Final = """\
$python - <<'EOF'
import msal
app = msal.PublicClientApplication(
    "$client_id", authority="$base_url/adfs")
print(app.acquire_token_by_username_password(
    $username, $password, [$scope]))
EOF"""

AZURE_IDENTITY: Final = """\
$python -W ignore - <<'EOF'
from azure.identity import UsernamePasswordCredential
credential = UsernamePasswordCredential(
    "$client_id",
    $username, $password, tenant_id="$tenant",
    authority="$base_url", disable_instance_discovery=True)
print(credential.get_token($scope))
EOF"""

ADAL: Final = """\
$python - <<'EOF'
import adal
context = adal.AuthenticationContext(
    "$authority", validate_authority=False)
print(context.acquire_token_with_username_password(
    $resource, $username, $password,
    "$client_id"))
EOF"""

MSAL_NODE: Final = """\
$node <<'EOF'
const { PublicClientApplication } = require("@azure/msal-node");
new PublicClientApplication({ auth: {
  clientId: "$client_id",
  authority: "$authority",
  knownAuthorities: ["$host"] } })
  .acquireTokenByUsernamePassword({ scopes: [$scope],
    username: $username, password: $password })
  .then(console.log, console.error);
EOF"""

AZURE_IDENTITY_NODE: Final = """\
$node <<'EOF'
const { UsernamePasswordCredential } = require("@azure/identity");
new UsernamePasswordCredential(
  "$domain", "$client_id",
  $username, $password,
  { authorityHost: "$base_url", disableInstanceDiscovery: true })
  .getToken($scope).then(console.log, console.error);
EOF"""


AUTH0_CURL: Final = """\
curl --cacert $ca \\
  https://$auth0_domain/oauth/ro \\
  -d grant_type=password -d client_id=$legacy_client_id \\
  -d connection=$connection -d scope=openid \\
  --data-urlencode username=$shell_username \\
  --data-urlencode password=$shell_password"""

AUTH0_PYTHON: Final = """\
$python - <<'EOF'
from auth0.authentication import GetToken
print(GetToken("$auth0_domain", "$client_id").login(
    $username, $password, realm="$connection",
    audience=$resource, scope="openid"))
EOF"""

AUTH0_PYTHON_3: Final = """\
$python - <<'EOF'
from auth0.v3.authentication import Database
print(Database("$auth0_domain").login(
    client_id="$legacy_client_id",
    username=$username, password=$password,
    connection="$connection", scope="openid"))
EOF"""

AUTH0_NODE: Final = """\
$node <<'EOF'
const { AuthenticationClient } = require("auth0");
new AuthenticationClient({
  domain: "$auth0_domain",
  clientId: "$site_client_id",
  clientSecret: $site_secret })
  .oauth.passwordGrant({ username: $username, password: $password,
    realm: "$connection",
    audience: $resource, scope: "openid" })
  .then(answer => console.log(answer.data), console.error);
EOF"""


def snippets(instance: Instance, *, realm_served: bool) -> Iterator[Snippet]:
    """What can be pasted on this machine.

    realm_served: whether we answer on port 443 too. MSAL Python drops the port when it
    asks for a user's realm; else it is shown the ways round (contract entra §2.5, §11).
    """
    words = _words(instance, realm_served=realm_served)
    yield _filled("curl", CURL, words)
    if realm_served:
        yield _filled("MSAL Python", MSAL_PYTHON, words)
    else:
        port = "MSAL Python, without port 443: keep the port of the realm request"
        yield _filled(port, MSAL_PYTHON_PORT, words)
        if instance.adfs:
            adfs = "MSAL Python, without port 443: the ADFS-style authority"
            yield _filled(adfs, MSAL_PYTHON_ADFS, words)
    if realm_served or instance.adfs:
        yield _filled("azure-identity", AZURE_IDENTITY, words)
    yield _filled("ADAL Python", ADAL, words)
    yield _filled("MSAL Node", MSAL_NODE, words)
    yield _filled("@azure/identity", AZURE_IDENTITY_NODE, words)
    if instance.auth0 is not None:
        yield from _auth0_snippets(instance.auth0, words)


def _auth0_snippets(half: Auth0Half, words: Mapping[str, str]) -> Iterator[Snippet]:
    words = {
        **words,
        "auth0_domain": half.domain,
        "connection": half.connection,
        "legacy_client_id": half.legacy_client_id or "",
        "site_client_id": half.site_client_id or "",
        "site_secret": json.dumps(half.site_secret),
    }
    if half.legacy_client_id is not None:
        yield _filled("Auth0: curl, /oauth/ro", AUTH0_CURL, words)
        yield _filled("Auth0: auth0-python 3, /oauth/ro", AUTH0_PYTHON_3, words)
    yield _filled("Auth0: auth0-python", AUTH0_PYTHON, words)
    if half.site_client_id is not None:
        yield _filled("Auth0: node-auth0", AUTH0_NODE, words)


def _filled(title: str, text: str, words: Mapping[str, str]) -> Snippet:
    return Snippet(title, Template(text).substitute(words))


def _words(instance: Instance, *, realm_served: bool) -> Mapping[str, str]:
    ca = quote(str(instance.ca))
    around = _around_proxies()
    resource, _, _ = instance.scope.rpartition("/")
    return {
        "ca": f"{ca} --noproxy localhost" if around else ca,
        # These variables beat what a program says; a machine may have set them.
        "python": f"{around}REQUESTS_CA_BUNDLE={ca} python3",
        "node": f"{around}NODE_EXTRA_CA_CERTS={ca} node -",
        "token_endpoint": f"{instance.authority}/oauth2/v2.0/token",
        "authority": instance.authority,
        "base_url": instance.base_url,
        "host": instance.base_url.removeprefix("https://"),
        "domain": instance.domain,
        "tenant": instance.domain if realm_served else "adfs",
        "client_id": instance.client_id,
        "shell_username": quote(instance.username),
        "shell_password": quote(instance.password),
        "shell_scope": quote(f"scope=openid profile offline_access {instance.scope}"),
        # A JSON string is a string of Python and of JavaScript too.
        "username": json.dumps(instance.username),
        "password": json.dumps(instance.password),
        "scope": json.dumps(instance.scope),
        "resource": json.dumps(resource),
    }


def _around_proxies() -> str:
    """Keep requests to localhost from a proxy that the environment names."""
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    if any(name.lower() in proxies for name in os.environ):
        return "NO_PROXY=localhost no_proxy=localhost "
    return ""
