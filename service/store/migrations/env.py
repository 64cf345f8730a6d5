"""Runs the migrations on the connection that `service.store.upgrade` hands over.

Alembic runs this file as a script called ``env_py``; importing it does nothing.
"""

from __future__ import annotations

from alembic import context

from service.store import tables


def migrate() -> None:
    """Run what is asked inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=tables.metadata,
        transaction_per_migration=False,
        render_as_batch=True,
    )
    context.run_migrations()


if __name__ == "env_py":
    migrate()
