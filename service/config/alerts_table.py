"""``[alerts]``: how long each step of an alert may take."""

from __future__ import annotations

from service.config.table import Table


class AlertsTable(Table):
    """``[alerts]``."""
