"""What every table of the service's file is: frozen, and unknown keys are refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """Base of the tables."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
