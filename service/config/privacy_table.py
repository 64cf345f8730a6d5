"""``[privacy]``: how long what is kept, and what is asked before it is shown."""

from __future__ import annotations

from service.config.table import Table


class PrivacyTable(Table):
    """``[privacy]``."""
