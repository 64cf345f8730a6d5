"""``[store]``: where everything is kept."""

from __future__ import annotations

from service.config.table import Table


class StoreTable(Table):
    """``[store]``."""
