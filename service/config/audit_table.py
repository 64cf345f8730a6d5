"""``[audit]``: where signed checkpoints of the audit log go."""

from __future__ import annotations

from service.config.table import Table


class AuditTable(Table):
    """``[audit]``."""
