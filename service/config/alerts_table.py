"""``[alerts]``: how long each step of an alert may take, and how long one may be laid aside."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from service.config.table import Table
from service.resources import AlertLevel, AlertState

Seconds = Annotated[int, Field(ge=5, le=7 * 24 * 3600)]


class StepsTable(Table):
    """``[alerts.search]`` and ``[alerts.rescue]``: seconds until a step is late.

    Parameters
    ----------
    acknowledge_s : from raised to acknowledged.
    assign_s : from acknowledged to a search that is assigned.
    outcome_s : from assigned to an outcome.
    close_s : from the outcome to closed.
    """

    acknowledge_s: Seconds = 120
    assign_s: Seconds = 600
    outcome_s: Seconds = 3600
    close_s: Seconds = 4 * 3600


_RESCUE = StepsTable(acknowledge_s=30, assign_s=120, outcome_s=1200, close_s=2 * 3600)


class AlertsTable(Table):
    """``[alerts]``.

    Parameters
    ----------
    search : steps of alerts of the levels search and officer.
    rescue : steps of alerts of the level rescue.
    most_escalations : how often one step that stays late is escalated.
    shelve_most_min : the longest that an alert may be shelved at once.
    """

    search: StepsTable = StepsTable()
    rescue: StepsTable = _RESCUE
    most_escalations: Annotated[int, Field(ge=1, le=9)] = 3
    shelve_most_min: Annotated[int, Field(ge=1, le=24 * 60)] = 30

    @field_validator("rescue", mode="before")
    @classmethod
    def _left_out(cls, given: Any) -> Any:
        """A key that is left out is as short as a rescue needs, not as a search's."""
        return {**_RESCUE.model_dump(), **given} if isinstance(given, dict) else given

    def step_ms(self, level: AlertLevel, state: AlertState) -> int:
        """Return how long the step that follows a state may take; 0: none follows."""
        steps = self.rescue if level is AlertLevel.RESCUE else self.search
        seconds = {
            AlertState.RAISED: steps.acknowledge_s,
            AlertState.ACKNOWLEDGED: steps.assign_s,
            AlertState.ASSIGNED: steps.outcome_s,
            AlertState.OUTCOME: steps.close_s,
            AlertState.CLOSED: 0,
        }
        return seconds[state] * 1000
