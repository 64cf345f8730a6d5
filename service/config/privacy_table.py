"""``[privacy]``: how long what is kept, and what is asked before it is shown."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from service.config.table import Table

Days = Annotated[float, Field(gt=0, le=36_500)]


class Disclosed(StrEnum):
    """What may need a reason before it is shown."""

    CLOSED_SCANS = "closed_scans"
    EXPORT = "export"
    AUDIT = "audit"


class PrivacyTable(Table):
    """``[privacy]``; a class without days is kept.

    Parameters
    ----------
    scans_without_find_days : after so many days a scan without people found loses its personal parts.
    scans_with_find_days : the same for one with people found.
    vehicles_days : the same for a vehicle that a gate announced and nobody scanned.
    login_days : after so many days logins, logouts and refused logins no longer say who.
    audit_days : the same for all other entries of the audit log.
    reason_needed : what is shown only to who gives a reason.
    """

    scans_without_find_days: Days | None = 30
    scans_with_find_days: Days | None = None
    vehicles_days: Days | None = 30
    login_days: Days | None = None
    audit_days: Days | None = None
    reason_needed: frozenset[Disclosed] = frozenset()
