"""The lane's configuration: one TOML file, checked key by key before anything opens."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from calibration.certificates import Certificate
from drivers.api import ConfigError, LorryscanError, Role
from drivers.registry import load, make_config
from drivers.runner import DeviceSpec
from scanner.lane.service_address import ServiceLink, service_link
from scanner.modality import Sensor
from scanner.policy import ClassPolicy, make_policy
from scanner.vehicle import VehicleClass

CONFIG_VERSION = 1
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,40}$")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CertificateTable(_Table):
    """``[device.certificate]``."""

    id: Annotated[str, Field(min_length=1)]
    issued: dt.date
    expires: dt.date
    method: str = ""
    parameters: dict[str, float] = {}


class DeviceTable(_Table):
    """``[[device]]``."""

    name: str
    driver: str
    role: Role
    config: dict[str, Any] = {}
    certificate: CertificateTable | None = None

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not _NAME.match(name):
            raise ValueError("use lower-case letters, digits and hyphens, for instance co2-inside")
        return name


class LaneTable(_Table):
    """``[lane]``."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    data_dir: str
    evidence: str = ""


class ServiceTable(_Table):
    """``[service]``: where the lane tells what it sees; without it the lane works alone."""

    url: str
    ca: str = ""
    token_file: str = ""


class LaneFile(_Table):
    """The whole file."""

    config_version: Literal[1]
    lane: LaneTable
    device: Annotated[list[DeviceTable], Field(min_length=1)]
    policy: dict[str, dict[str, Any]] = {}
    model: dict[Literal["xray", "thermal"], str] = {}
    service: ServiceTable | None = None


@dataclass(frozen=True, slots=True)
class LaneConfig:
    """A checked configuration, ready to open devices.

    ``service`` is None for a lane that works alone, ``calibrations_file`` for the shipped ones.
    """

    lane_id: str
    data_dir: Path
    devices: tuple[DeviceSpec, ...]
    sensors: dict[str, Sensor]
    policy: dict[VehicleClass, ClassPolicy]
    model_files: dict[str, Path]
    calibrations_file: Path | None = None
    service: ServiceLink | None = None


def load_lane_config(path: Path) -> LaneConfig:
    """Read and check a lane's configuration.

    ``data_dir``, model and calibration files are taken from the file's folder when they are relative.

    Raises
    ------
    ConfigError : names the file, the key and the mend.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): check the path") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a text file: give the lane's TOML file") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    version = tables.get("config_version")
    if version != CONFIG_VERSION:
        raise ConfigError(
            f"{path}: config_version is {version!r}, this lorryscan reads {CONFIG_VERSION}: "
            f"write 'config_version = {CONFIG_VERSION}' at the top, or use the matching release"
        )
    try:
        file = LaneFile.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first(error)}") from None
    try:
        return _build(file, path)
    except LorryscanError as error:
        raise ConfigError(f"{path}: {error}") from error


def _build(file: LaneFile, path: Path) -> LaneConfig:
    specs: list[DeviceSpec] = []
    sensors: dict[str, Sensor] = {}
    for table in file.device:
        if table.name in sensors:
            raise ConfigError(f"two devices are called {table.name}: give each its own name")
        device_class = load(table.driver)
        try:
            config = make_config(device_class, table.config)
        except ConfigError as error:
            raise ConfigError(f"device {table.name}: {error}") from None
        specs.append(DeviceSpec(table.name, table.role, device_class, config))
        promised = device_class.capabilities
        sensors[table.name] = Sensor(
            name=table.name,
            role=table.role,
            reads=promised.reads,
            period_s=promised.period_s,
            response_t90_s=promised.response_t90_s,
            certificate=_certificate(table.certificate),
        )
    models: dict[str, Path] = {name: path.parent / model for name, model in file.model.items()}
    for name, model in models.items():
        if not model.is_file():
            raise ConfigError(
                f"model.{name}: no model file at {model}: correct the path, or leave the key out"
            )
    evidence = path.parent / file.lane.evidence if file.lane.evidence else None
    if evidence is not None and not evidence.is_file():
        raise ConfigError(
            f"lane.evidence: no score calibrations at {evidence}: correct the path, or leave the key out"
        )
    return LaneConfig(
        lane_id=file.lane.id,
        data_dir=(path.parent / file.lane.data_dir).resolve(),
        devices=tuple(specs),
        sensors=sensors,
        policy=make_policy(file.policy),
        model_files=models,
        calibrations_file=evidence,
        service=service_link(file.service.url, file.service.ca, file.service.token_file, path.parent)
        if file.service is not None
        else None,
    )


def _certificate(table: CertificateTable | None) -> Certificate | None:
    if table is None:
        return None
    if table.expires < table.issued:
        raise ConfigError(f"certificate {table.id}: it expires before it is issued: correct its days")
    broken = [key for key, value in table.parameters.items() if not math.isfinite(value)]
    if broken:
        raise ConfigError(f"certificate {table.id}: {', '.join(broken)} is no number: correct it")
    return Certificate(table.id, table.issued, table.expires, table.parameters, table.method)


def _first(error: ValidationError) -> str:
    """Say the first fault: key, what is wrong, how to mend it."""
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}: remove it or correct its spelling"
    if fault["type"] == "missing":
        return f"{key} is missing: add it"
    return f"{key}: {fault['msg'].removeprefix('Value error, ')} (found {fault['input']!r})"
