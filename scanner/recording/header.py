"""The first record of a recording: which scan, which lane, which code, sensors and models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from calibration.certificates import Certificate
from drivers.api import Role
from scanner.modality import Sensor
from scanner.recording import strict_json
from scanner.recording.code_identity import software_version, source_sha256
from scanner.recording.errors import RecordingDamaged, RecordingTooNew
from scanner.vehicle import CargoClass, Declaration, VehicleClass

PROFILE = "lorryscan"
METADATA_NAME = "lorryscan.recording"
FORMAT_VERSION = "1"


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """What must be known before the first reading.

    Parameters
    ----------
    scan_id, visit, lane : which recording this is; visits count from 1.
    declaration : the vehicle as declared when the visit began.
    sensors : every configured device with its certificate.
    config : the lane's and the pipeline's configuration, JSON values only.
    calibrations : id → hash of every score calibration set in force.
    models : id → hash of every model in force.
    software_version, code_sha256 : which code recorded; that of this
        installation unless given.
    format_version : major version, or "major.minor".
    projection : empty for what a lane recorded; else what simulated people were put into it, and how
        (`scanner.recording.projection`).
    """

    scan_id: str
    visit: int
    lane: str
    declaration: Declaration
    sensors: tuple[Sensor, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    calibrations: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    software_version: str = field(default_factory=software_version)
    code_sha256: str = field(default_factory=source_sha256)
    format_version: str = FORMAT_VERSION
    projection: Mapping[str, Any] = field(default_factory=dict)

    def sensors_by_name(self) -> dict[str, Sensor]:
        """Return the sensors as the pipeline wants them."""
        return {sensor.name: sensor for sensor in self.sensors}

    def to_metadata(self) -> dict[str, str]:
        """Return the texts of the MCAP metadata record."""
        marked = {"projection": _json(self.projection)} if self.projection else {}
        return {
            **marked,
            "format_version": self.format_version,
            "scan_id": self.scan_id,
            "visit": str(self.visit),
            "lane": self.lane,
            "software_version": self.software_version,
            "code_sha256": self.code_sha256,
            "declaration": _json(_declared(self.declaration)),
            "sensors": _json([_sensor_object(sensor) for sensor in self.sensors]),
            "config": _json(self.config),
            "calibrations": _json(self.calibrations),
            "models": _json(self.models),
        }


def header_from(metadata: Mapping[str, str], where: str) -> RecordingHeader:
    """Return the header of a metadata record of the file ``where``.

    Raises
    ------
    RecordingTooNew : its major format version is above ours.
    RecordingDamaged : a field is missing or cannot be read.
    """
    version = metadata.get("format_version", "")
    major = version.partition(".")[0]
    if not major.isdecimal():
        raise RecordingDamaged(f"{where} does not say its format_version: it was not written as a recording")
    if int(major) > int(FORMAT_VERSION):
        raise RecordingTooNew(
            f"{where} has recording format {version}; this lorryscan {software_version()} reads up to "
            f"{FORMAT_VERSION}: update lorryscan to open it"
        )
    try:
        return RecordingHeader(
            scan_id=metadata["scan_id"],
            visit=int(metadata["visit"]),
            lane=metadata["lane"],
            declaration=_declaration(strict_json.loads(metadata["declaration"])),
            sensors=tuple(map(_sensor, strict_json.loads(metadata.get("sensors", "[]")))),
            config=strict_json.loads(metadata.get("config", "{}")),
            calibrations=strict_json.loads(metadata.get("calibrations", "{}")),
            models=strict_json.loads(metadata.get("models", "{}")),
            software_version=metadata.get("software_version", ""),
            code_sha256=metadata.get("code_sha256", ""),
            format_version=version,
            projection=strict_json.loads(metadata.get("projection", "{}")),
        )
    except KeyError as error:
        raise RecordingDamaged(f"{where}: metadata {METADATA_NAME} lacks {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise RecordingDamaged(f"{where}: metadata {METADATA_NAME} cannot be read: {error}") from error


def _json(value: Any) -> str:
    return strict_json.dumps(value).decode()


def _declared(declaration: Declaration) -> dict[str, Any]:
    """Return its fields; without a profile as they were written before there were profiles."""
    fields = asdict(declaration)
    if not declaration.profile:
        del fields["profile"]
    return fields


def _declaration(fields: Mapping[str, Any]) -> Declaration:
    return Declaration(
        vehicle_class=VehicleClass(fields["vehicle_class"]),
        cargo=CargoClass(fields["cargo"]),
        plate=fields.get("plate", ""),
        laden=fields.get("laden", False),
        closed_minutes=fields.get("closed_minutes"),
        profile=fields.get("profile", ""),
    )


def _sensor_object(sensor: Sensor) -> dict[str, Any]:
    certificate = sensor.certificate
    return {
        "name": sensor.name,
        "role": sensor.role.value,
        "reads": sensor.reads,
        "period_s": sensor.period_s,
        "response_t90_s": sensor.response_t90_s,
        "certificate": certificate
        and {
            "id": certificate.id,
            "issued": certificate.issued.isoformat(),
            "expires": certificate.expires.isoformat(),
            "parameters": certificate.parameters,
            "method": certificate.method,
            "sha256": certificate.hash(),
        },
    }


def _sensor(fields: Mapping[str, Any]) -> Sensor:
    certificate = fields.get("certificate")
    return Sensor(
        name=fields["name"],
        role=Role(fields["role"]),
        reads=tuple(fields["reads"]),
        period_s=fields["period_s"],
        response_t90_s=fields.get("response_t90_s", 0.0),
        certificate=None if certificate is None else _certificate(certificate),
    )


def _certificate(fields: Mapping[str, Any]) -> Certificate:
    return Certificate(
        id=fields["id"],
        issued=dt.date.fromisoformat(fields["issued"]),
        expires=dt.date.fromisoformat(fields["expires"]),
        parameters=fields.get("parameters", {}),
        method=fields.get("method", ""),
    )
