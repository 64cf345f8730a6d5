"""``[validation]``: where the validation reports lie that the booth shows."""

from __future__ import annotations

from service.config.table import Table


class ValidationTable(Table):
    """``[validation]``.

    Parameters
    ----------
    folder : a folder that `lorryscan validate --out` wrote, or one that holds several of them;
        "" = the report that comes with the product.
    """

    folder: str = ""
