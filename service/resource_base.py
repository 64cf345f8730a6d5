"""What is said to and by the service rests on these two: what it tells, and what it is asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Note = Annotated[str, Field(max_length=1000)]


class Resource(BaseModel):
    """Base of what the service tells: frozen."""

    # the document says that a resource always comes whole
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Request(BaseModel):
    """Base of what a booth asks: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
