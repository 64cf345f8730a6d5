"""``[recordings]``: where lanes' recordings are, for looking at past scans."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.config.table import Table


class RecordingsTable(Table):
    """``[recordings]``; without folders past scans are shown as far as the service itself knows them.

    Parameters
    ----------
    folders : lanes' data folders or copies of them, or URLs that fsspec knows (``s3://bucket/lane-1``).
    largest_mb : recordings of one scan that are larger together are not opened.
    """

    folders: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    largest_mb: Annotated[float, Field(gt=0, le=100_000)] = 2000
