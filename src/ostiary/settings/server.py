"""The keys of `server:`, one field with one sentence each (interface.md §2).

Rules that look at more than one key live in `safety`.
"""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ostiary.settings.secret import SecretUrl
from ostiary.settings.values import (
    Address,
    BaseUrl,
    Database,
    FilePath,
    ListenAddress,
    Network,
    SecretText,
)


class Tls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The certificate of the public listeners."""

    certificate: Annotated[
        FilePath, Meta(description="PEM file with the certificate and its chain.")
    ]
    key: Annotated[FilePath, Meta(description="PEM file with its private key.")]


class Metrics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Health and Prometheus, apart from the public port."""

    listen: Annotated[
        ListenAddress, Meta(description="Where health and metrics are answered.")
    ]


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the server logs."""

    format: Annotated[
        Literal["json", "text"],
        Meta(description="One JSON object a line, or text for people."),
    ] = "json"
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least important kind of line that is written."),
    ] = "info"


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What this process serves, and from where."""

    mode: Annotated[
        Literal["development", "production"],
        Meta(
            description="Production refuses literal secrets, plain http and missing "
            "TLS."
        ),
    ] = "development"
    base_url: Annotated[
        BaseUrl,
        Meta(
            description="The address clients use, the start of every issuer and link; "
            "required in production."
        ),
    ] = "https://localhost:8443"
    listen: Annotated[
        tuple[ListenAddress, ...],
        Meta(
            min_length=1,
            description="Where it listens; port 443 as well serves MSAL Python, which "
            "drops the port when it asks for the realm.",
        ),
    ] = (Address("127.0.0.1", 8443),)
    tls: Annotated[
        Tls | Literal["off"] | None,
        Meta(
            description="The certificate; `off` when TLS ends at a proxy in front; "
            "absent in development: a local CA is made in `data_dir`."
        ),
    ] = None
    data_dir: Annotated[
        FilePath,
        Meta(description="Folder of the SQLite file, the master key and the local CA."),
    ] = Path("ostiary-data")
    database: Annotated[
        Database,
        Meta(
            description="`sqlite` (a file in `data_dir`), `sqlite:///absolute/path` "
            "or `postgresql://user@host/database`."
        ),
    ] = SecretUrl("sqlite")
    master_key: Annotated[
        SecretText | None,
        Meta(
            description="Encrypts the keys and secrets in the store; absent: a file "
            "in `data_dir`."
        ),
    ] = None
    workers: Annotated[int, Meta(ge=1, description="Number of server processes.")] = 1
    hash_threads: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Threads that compute password hashes in each process; "
            "absent: one per core."
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Meta(description="Proxies whose forwarded headers count."),
    ] = ()
    outgoing_networks: Annotated[
        tuple[Network, ...],
        Meta(
            description="Loopback or private networks that addresses entered by "
            "tenant administrators may point to."
        ),
    ] = ()
    metrics: Annotated[
        Metrics | None,
        Meta(description="Listener for health and Prometheus; absent or `off`: none."),
    ] = None
    log: Annotated[Log, Meta(description="Form and level of the log.")] = Log()
