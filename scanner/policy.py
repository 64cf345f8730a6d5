"""What a vehicle class demands before a recommendation: thresholds, required methods, times."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, field
from importlib import resources
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from drivers.api import ConfigError
from scanner.vehicle import VehicleClass

MODALITIES = ("co2", "heartbeat", "movement", "thermal", "xray")

ProfileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9 _-]{0,39}$")]
Share = Annotated[float, Field(gt=0, lt=1)]
MOST_PROFILES = 100


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class ClassPolicy:
    """Demands of one vehicle class.

    ``false_alarms`` and ``misses`` are the most that a whole scan may have of each; the
    boundaries of the fused natural-log likelihood ratio that promise them were measured
    (`scanner.limits`), unless ``search_llr`` and ``no_indication_llr`` set them. Between
    them nothing is decided. A recommendation of no-indication needs every method of
    ``required`` to have answered, and is final no earlier than ``no_indication_dwell_s`` after
    the visit began.
    ``distrust`` is the share of scans in which a source says nothing about people,
    whatever it says: it bounds what one source can add to the ratio (`scanner.fusion`).
    ``xray_every_lorry`` says that each lorry of a lane with a portal passes it: one without a picture
    then never gets no-indication, as the error rates were measured on lorries that passed.
    ``random_search`` is the share of scans without an alarm that are chosen for a search
    (`scanner.random_search`).
    ``prior`` is the assumed share of occupied lorries; ``profiles`` gives the share of those that were
    declared to belong to a risk profile, by its name. The boundaries depend on neither.
    """

    prior: Share
    required: tuple[str, ...]
    minimum_dwell_s: Annotated[float, Field(ge=0)]
    time_limit_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    rescue_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    no_indication_dwell_s: Annotated[float, Field(ge=0)] = 60.0
    distrust: Annotated[float, Field(ge=0, lt=1)] = 0.01
    false_alarms: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    misses: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    search_llr: Annotated[float, Field(gt=0)] | None = None
    no_indication_llr: Annotated[float, Field(lt=0)] | None = None
    xray_every_lorry: bool = True
    random_search: Annotated[float, Field(ge=0, lt=1)] = 0.0
    profiles: Annotated[Mapping[ProfileName, Share], Field(max_length=MOST_PROFILES)] = field(
        default_factory=dict, hash=False
    )

    def prior_of(self, profile: str = "") -> float:
        """Return the assumed share of occupied lorries: a profile's, the class's own where there is none."""
        return self.profiles.get(profile, self.prior)

    def prior_log_odds(self, profile: str = "") -> float:
        """Return the natural-log odds of occupied before anything was measured, as `prior_of`."""
        prior = self.prior_of(profile)
        return math.log(prior / (1.0 - prior))


Policy = Mapping[VehicleClass, ClassPolicy]
_POLICY = TypeAdapter(dict[VehicleClass, ClassPolicy])


def make_policy(tables: Mapping[str, Any]) -> dict[VehicleClass, ClassPolicy]:
    """Return a policy from tables as in ``policy.toml``; classes left out keep the defaults.

    Raises
    ------
    ConfigError : an unknown class, key or method; a threshold of the wrong sign; a profile whose name or
        share cannot be.
    """
    merged = {**default_tables()}
    for name, table in tables.items():
        merged[name] = {**merged.get(name, {}), **table}
    try:
        policy = _POLICY.validate_python(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]")
        raise ConfigError(f"policy.{key}: {first['msg']}") from None
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
    """Return a policy as plain tables, the inverse of `make_policy`; no profiles, no key."""
    tables = {name.value: asdict(demands) for name, demands in policy.items()}
    for table in tables.values():
        if not table["profiles"]:
            del table["profiles"]
    return tables


def policy_hash(policy: Policy) -> str:
    """Return a short hash over every demand."""
    return hashlib.sha256(json.dumps(policy_tables(policy), sort_keys=True).encode()).hexdigest()[:12]
