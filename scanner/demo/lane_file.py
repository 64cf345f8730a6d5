"""Writes the demonstration lane's configuration, as an integrator would by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scanner.simulation.layout import LaneLayout


def lane_toml(
    lane_id: str,
    data_dir: Path,
    layout: LaneLayout,
    configs: Mapping[str, Mapping[str, Any]],
    service: Mapping[str, str] | None = None,
) -> str:
    """Return a lane's TOML file.

    Parameters
    ----------
    configs : ``[device.config]`` of each sensor by name; a sensor without one is left out.
    service : ``[service]``; None for a lane that works alone.
    """
    lines = ["config_version = 1", "", "[lane]", f"id = {_value(lane_id)}"]
    lines += [f"data_dir = {_value(str(data_dir))}"]
    if service is not None:
        lines += ["", "[service]", *(f"{key} = {_value(value)}" for key, value in service.items())]
    for name, config in configs.items():
        sensor = layout.sensors[name]
        lines += ["", "[[device]]", f"name = {_value(name)}"]
        lines += [f"driver = {_value(layout.drivers[name])}", f"role = {_value(sensor.role.value)}"]
        lines += ["[device.config]", *(f"{key} = {_value(value)}" for key, value in config.items())]
        certificate = sensor.certificate
        if certificate is not None:
            lines += ["[device.certificate]", f"id = {_value(certificate.id)}"]
            lines += [f"issued = {certificate.issued}", f"expires = {certificate.expires}"]
            lines += [f"method = {_value(certificate.method)}"]
            lines += [f"parameters = {_value(dict(certificate.parameters))}"]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """Return a TOML value; numbers, booleans and texts are written as in JSON."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
