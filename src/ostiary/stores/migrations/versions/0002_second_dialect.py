"""Further names and ids of users, devices, one-time codes, second factors, limits.

Revision: 0002. Times are epoch seconds; documents are JSON.
"""

import msgspec
import sqlalchemy as sa
from alembic import op

from ostiary.core.accounts import external_id
from ostiary.core.model import User

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT, SECONDS = sa.Text(), sa.Float(53)


def text(name: str, *, default: str | None = None) -> sa.Column[str]:
    """A text column that is never NULL."""
    return sa.Column(name, TEXT, nullable=False, server_default=default)


def key(name: str) -> sa.Column[str]:
    """A text column of the primary key."""
    return sa.Column(name, TEXT, primary_key=True)


def seconds(name: str, *, default: str | None = None) -> sa.Column[float]:
    """A moment in epoch seconds."""
    return sa.Column(name, SECONDS, nullable=False, server_default=default)


def number(name: str, *, default: str | None = None) -> sa.Column[int]:
    """A whole number."""
    return sa.Column(name, sa.Integer, nullable=False, server_default=default)


def upgrade() -> None:
    """Add columns and tables, and fill what older rows lack."""
    users()
    sessions()
    devices()
    second_factors()
    limits()


def users() -> None:
    """Every name and id by which a sign-in may mean a user."""
    op.add_column("users", text("external_id", default=""))
    op.add_column("users", sa.Column("email_folded", TEXT))
    op.add_column("users", seconds("updated_at", default="0"))
    table = sa.table(
        "users",
        *(sa.column(name) for name in ("id", "document", "external_id")),
        *(sa.column(name) for name in ("email_folded", "created_at", "updated_at")),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(table)).all():
        user = msgspec.json.decode(row.document, type=User)
        connection.execute(
            table.update()
            .where(table.c.id == row.id)
            .values(
                external_id=external_id(user),
                email_folded=user.email.casefold() if user.email else None,
                updated_at=row.created_at,
            )
        )
    where = ["tenant_id", "connection"]
    op.create_index("users_by_login", "users", [*where, "login_folded"], unique=True)
    op.create_index("users_by_external", "users", [*where, "external_id"], unique=True)
    op.create_index("users_by_email", "users", [*where, "email_folded"])


def sessions() -> None:
    """Refresh tokens are good for one kind of wire; some belong to a device."""
    op.add_column("sessions", text("family", default=""))
    op.add_column("sessions", text("device", default=""))
    op.create_index("sessions_of_user", "sessions", ["tenant_id", "user_id"])


def devices() -> None:
    """Public keys that sign a user in from a device."""
    op.create_table(
        "device_keys",
        key("id"),
        text("tenant_id"),
        text("user_id"),
        text("client_id"),
        text("device_name"),
        text("device_id"),
        text("public_key"),
        text("fingerprint"),
        seconds("created_at"),
    )
    op.create_index("device_keys_of_user", "device_keys", ["tenant_id", "user_id"])


def second_factors() -> None:
    """Codes sent to a telephone or mailbox, and the factors that users enrolled."""
    op.create_table(
        "one_time_codes",
        key("tenant_id"),
        key("connection"),
        key("name"),
        text("digest"),
        number("tries", default="0"),
        seconds("created_at"),
        seconds("expires_at"),
    )
    op.create_index("one_time_codes_by_expiry", "one_time_codes", ["expires_at"])
    op.create_table(
        "authenticators",
        key("id"),
        text("tenant_id"),
        text("user_id"),
        text("kind"),
        text("channel", default=""),
        text("name", default=""),
        text("secret", default=""),
        number("active", default="0"),
        seconds("created_at"),
    )
    op.create_index(
        "authenticators_of_user", "authenticators", ["tenant_id", "user_id"]
    )


def limits() -> None:
    """Buckets that bound how often something is done, and work in the background."""
    op.create_table(
        "buckets",
        key("id"),
        sa.Column("level", sa.Float(53), nullable=False),
        seconds("updated_at"),
    )
    op.create_index("buckets_by_age", "buckets", ["updated_at"])
    op.create_table(
        "jobs",
        key("id"),
        text("tenant_id"),
        text("kind"),
        text("status"),
        text("document"),
        seconds("created_at"),
        seconds("expires_at"),
    )
    op.create_index("jobs_of_tenant", "jobs", ["tenant_id"])
