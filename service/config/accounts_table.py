"""``[accounts]``: sessions, locks and rates."""

from __future__ import annotations

from service.config.table import Table


class AccountsTable(Table):
    """``[accounts]``."""
