"""``[audit]``: where signed checkpoints of the audit log go."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.config.table import Table


class AuditTable(Table):
    """``[audit]``.

    Parameters
    ----------
    checkpoints : folders, or URLs that fsspec knows (``s3://bucket/folder``), beside the data folder's own.
    checkpoint_minutes : how often one is written, if there are new entries; also at each start and stop.
    """

    checkpoints: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    checkpoint_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 10
