"""What alembic runs for every command: use the connection that `upgrade` holds.

The transaction is the caller's; nothing is configured here.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
