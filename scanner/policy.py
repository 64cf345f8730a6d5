"""What a vehicle class demands before a recommendation: thresholds, required methods, times."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from importlib import resources
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from drivers.api import ConfigError
from scanner.vehicle import VehicleClass

MODALITIES = ("co2", "heartbeat", "movement", "thermal", "xray")


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class ClassPolicy:
    """Demands of one vehicle class.

    ``search_llr`` and ``no_indication_llr`` bound the fused natural-log
    likelihood ratio; between them nothing is decided. A recommendation of
    no-indication needs every method of ``required`` to have answered, and is
    final no earlier than ``no_indication_dwell_s`` after the visit began.
    """

    prior: Annotated[float, Field(gt=0, lt=1)]
    search_llr: Annotated[float, Field(gt=0)]
    no_indication_llr: Annotated[float, Field(lt=0)]
    required: tuple[str, ...]
    minimum_dwell_s: Annotated[float, Field(ge=0)]
    time_limit_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    rescue_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    no_indication_dwell_s: Annotated[float, Field(ge=0)] = 60.0

    def prior_log_odds(self) -> float:
        """Return the natural-log odds of occupied before anything was measured."""
        return math.log(self.prior / (1.0 - self.prior))


Policy = Mapping[VehicleClass, ClassPolicy]
_POLICY = TypeAdapter(dict[VehicleClass, ClassPolicy])


def make_policy(tables: Mapping[str, Any]) -> dict[VehicleClass, ClassPolicy]:
    """Return a policy from tables as in ``policy.toml``; classes left out keep the defaults.

    Raises
    ------
    ConfigError : an unknown class, key or method; a threshold of the wrong sign.
    """
    merged = {**default_tables()}
    for name, table in tables.items():
        merged[name] = {**merged.get(name, {}), **table}
    try:
        policy = _POLICY.validate_python(merged)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"policy.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    for name, demands in policy.items():
        unknown = set(demands.required) - set(MODALITIES)
        if unknown:
            raise ConfigError(
                f"policy.{name}.required: no method called {', '.join(sorted(unknown))}; "
                f"there are {', '.join(MODALITIES)}"
            )
    return policy


def recorded_policy(config: Mapping[str, Any]) -> dict[VehicleClass, ClassPolicy]:
    """Return the policy that a recording's configuration holds, or the shipped one.

    Raises
    ------
    ConfigError : it is no policy.
    """
    tables = config.get("policy", {})
    if not isinstance(tables, Mapping):
        raise ConfigError("the recording's policy is not a table")
    return make_policy(tables)


def default_tables() -> dict[str, Any]:
    """Return the tables of the policy that is shipped."""
    tables = tomllib.loads(resources.files("scanner").joinpath("policy.toml").read_text(encoding="utf-8"))
    tables.pop("policy_version")
    return tables


def policy_tables(policy: Policy) -> dict[str, Any]:
    """Return a policy as plain tables, the inverse of `make_policy`."""
    return {name.value: asdict(demands) for name, demands in policy.items()}


def policy_hash(policy: Policy) -> str:
    """Return a short hash over every demand."""
    return hashlib.sha256(json.dumps(policy_tables(policy), sort_keys=True).encode()).hexdigest()[:12]
