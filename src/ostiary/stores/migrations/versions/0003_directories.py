"""Turns at accounts of directories; agents beside them, and questions on their way.

Revision: 0003. Times are epoch seconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
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


def upgrade() -> None:
    """Add tables."""
    op.create_table("turns", key("account"), text("holder"), seconds("until"))
    agents()
    questions()


def agents() -> None:
    """Agents by their public key, and the codes with which new ones come."""
    op.create_table(
        "agents",
        key("id"),
        text("tenant_id"),
        text("connection"),
        text("name"),
        text("public_key"),
        seconds("enrolled_at"),
        seconds("seen_at", default="0"),
    )
    op.create_index("agents_of_connection", "agents", ["tenant_id", "connection"])
    op.create_table(
        "agent_codes",
        key("digest"),
        text("tenant_id"),
        text("connection"),
        seconds("expires_at"),
    )
    op.create_index("agent_codes_by_expiry", "agent_codes", ["expires_at"])


def questions() -> None:
    """Which server process each agent is connected to, and what others ask there.

    Questions and answers are encrypted to keys that live in one process's memory.
    """
    op.create_table(
        "agent_links",
        key("agent_id"),
        key("process"),
        text("tenant_id"),
        text("connection"),
        text("process_key"),
        seconds("alive_until"),
    )
    where = ["tenant_id", "connection"]
    op.create_index("agent_links_of_connection", "agent_links", where)
    op.create_table(
        "agent_questions",
        key("id"),
        text("process"),
        text("agent_id"),
        text("question"),
        text("answer", default=""),
        seconds("expires_at"),
    )
    op.create_index("agent_questions_of_process", "agent_questions", ["process"])
    op.create_index("agent_questions_by_expiry", "agent_questions", ["expires_at"])
