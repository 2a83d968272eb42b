"""The first schema: configuration, people, keys, sessions, counters, audit.

Revision: 0001. Times are epoch seconds; documents are JSON of the core's values.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT, SECONDS = sa.Text(), sa.Float(53)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(
    name: str, *, unique: bool = False, default: str | None = None
) -> sa.Column[str]:
    """A text column that is never NULL."""
    return sa.Column(name, TEXT, nullable=False, unique=unique, server_default=default)


def key(name: str) -> sa.Column[str]:
    """A text column of the primary key."""
    return sa.Column(name, TEXT, primary_key=True)


def seconds(name: str, *, nullable: bool = False) -> sa.Column[float]:
    """A moment in epoch seconds."""
    return sa.Column(name, SECONDS, nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    configuration()
    people()
    sessions()
    guesses()
    audit()


def configuration() -> None:
    """What an operator declares; every change moves the stamp."""
    stamp = op.create_table(
        "settings_stamp",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(stamp, [{"id": 1, "version": 0}])
    op.create_table(
        "store_origin", sa.Column("id", sa.Integer, primary_key=True), text("made_for")
    )
    op.create_table("tenants", key("id"), text("name", unique=True), text("document"))
    op.create_table("domains", key("name"), text("tenant_id"))
    op.create_table("retired_ids", key("id"))
    for table in ("resources", "connections", "access_policies"):
        op.create_table(
            table,
            key("tenant_id"),
            key("name"),
            sa.Column("position", sa.Integer, nullable=False),
            text("document"),
        )
    op.create_table("clients", key("tenant_id"), key("client_id"), text("document"))
    op.create_index("clients_by_id", "clients", ["client_id"])
    op.create_table(
        "signing_keys",
        key("kid"),
        text("tenant_id"),
        text("algorithm"),
        text("private_key"),
        text("certificate"),
        seconds("created_at"),
        seconds("signs_from"),
        seconds("published_until", nullable=True),
    )
    op.create_index("signing_keys_of_tenant", "signing_keys", ["tenant_id"])


def people() -> None:
    """Users and their consents."""
    op.create_table(
        "users",
        key("id"),
        text("tenant_id"),
        text("connection"),
        text("name_folded"),
        sa.Column("login_folded", TEXT),
        text("document"),
        sa.Column("password_hash", TEXT),
        text("password_source", default=""),
        text("mfa_secret", default=""),
        seconds("password_changed_at"),
        seconds("sessions_valid_from"),
        seconds("created_at"),
    )
    op.create_index(
        "users_by_name",
        "users",
        ["tenant_id", "connection", "name_folded"],
        unique=True,
    )
    op.create_index("users_by_folded_name", "users", ["name_folded"])
    op.create_table(
        "consents",
        key("tenant_id"),
        key("client_id"),
        key("user_id"),
        key("resource"),
        key("scope"),
    )


def sessions() -> None:
    """Sign-ins that go on by refresh tokens, and what was revoked."""
    op.create_table(
        "sessions",
        key("id"),
        text("tenant_id"),
        text("client_id"),
        text("user_id"),
        text("amr"),
        text("scope"),
        sa.Column("by_password", sa.Integer, nullable=False),
        seconds("started_at"),
        seconds("expires_at"),
        seconds("revoked_at", nullable=True),
    )
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        key("sha256"),
        text("session_id"),
        sa.Column("parent", TEXT),
        seconds("expires_at"),
        seconds("used_at", nullable=True),
    )
    op.create_index("refresh_tokens_by_parent", "refresh_tokens", ["parent"])
    op.create_index("refresh_tokens_of_session", "refresh_tokens", ["session_id"])
    for table in ("revoked_tokens", "claimed_once"):
        op.create_table(table, key("id"), seconds("expires_at"))
        op.create_index(f"{table}_by_expiry", table, ["expires_at"])


def guesses() -> None:
    """Counters of wrong passwords."""
    op.create_table(
        "failures",
        key("tenant_id"),
        key("account"),
        key("place"),
        sa.Column("count", sa.Integer, nullable=False),
        text("recent"),
        seconds("last_at"),
        sa.Column("locks", sa.Integer, nullable=False),
        seconds("locked_until"),
    )
    op.create_index("failures_by_age", "failures", ["last_at"])
    op.create_table(
        "places", key("tenant_id"), key("account"), key("source"), seconds("seen_at")
    )
    op.create_index("places_by_age", "places", ["seen_at"])
    op.create_table(
        "source_failures",
        key("tenant_id"),
        key("source"),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )


def audit() -> None:
    """The sign-in log."""
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        seconds("at"),
        *(text(name) for name in AUDIT_TEXTS),
    )
    for name in ("trace_id", "correlation_id", "user_id"):
        op.create_index(f"audit_by_{name}", "audit", [name])
    op.create_index("audit_by_tenant", "audit", ["tenant_id", "id"])


AUDIT_TEXTS = (
    "outcome",
    "reason",
    "code",
    "tenant_id",
    "client_id",
    "user_id",
    "username",
    "grant_type",
    "door",
    "source",
    "user_agent",
    "trace_id",
    "correlation_id",
    "detail",
)
