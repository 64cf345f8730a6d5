"""The methods of a lane: its own models and score calibrations, or the shipped ones."""

from __future__ import annotations

from pathlib import Path

from drivers.api import ConfigError, LorryscanError
from scanner.lane.config import LaneConfig
from scanner.limits import limits_of
from scanner.methods import MethodKit, load_kit


def load_lane_kit(config: LaneConfig, file: Path) -> MethodKit:
    """Load what a lane's configuration names.

    Parameters
    ----------
    file : of the configuration, for what is said of it.

    Raises
    ------
    ConfigError : a model or the calibrations cannot be used, with the reason. Examples: a thermal
        model under ``model.xray``; an ONNX file without a card; error rates that were never measured.
    """
    try:
        kit = load_kit(config.model_files, config.calibrations_file)
        for vehicle, demands in config.policy.items():
            limits_of(demands, kit.calibrations, vehicle)  # refused now, not at a lorry
    except LorryscanError as error:
        raise ConfigError(f"{file}: {error}") from error
    return kit
