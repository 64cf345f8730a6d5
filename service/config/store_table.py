"""``[store]``: where everything is kept."""

from __future__ import annotations

from service.config.table import Table


class StoreTable(Table):
    """``[store]``.

    Parameters
    ----------
    url : ``postgresql://user@host/database``; "" = SQLite in the data folder. A password is better
        kept in the environment: ``LORRYSCAN_DATABASE`` holds a whole URL, ``PGPASSWORD`` and
        ``PGPASSFILE`` are PostgreSQL's own.
    """

    url: str = ""
