"""Senseair S8 carbon dioxide sensor, Modbus RTU on its UART.

Self-calibration is forced off and checked as in `senseair_sensor`.

References
----------
Senseair "Modbus on Senseair S8" (TDE2067): input registers, meter status, ABC
period in holding register 32; product specification PSP103: T90 2 min, a new
value every 2 s (LP: 4 s), 400 to 2000 ppm, extended to 10 000 ppm.

Not verified on a device: the meaning of the type number (read, not judged);
``warm_up_s`` (taken as T90) and ``frozen_after_s`` (whole ppm stand still for
long in still air: five minutes is an assumption); whether the ABC period
survives a power cut (hence the check every minute).
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Capabilities, Quantity
from drivers.devices.pace import LOWEST_AIR_PPM
from drivers.devices.senseair_sensor import HIGHEST_PPM, SenseairConfig, SenseairSensor


@dataclass(frozen=True, slots=True)
class S8Config(SenseairConfig):
    """Where the sensor is; as `SenseairConfig`."""


class SenseairS8(SenseairSensor[S8Config]):
    """Polls status and value every ``poll_s``; returns a sample every 2 s, a bad one at once."""

    Config = S8Config
    model = "S8"
    capabilities = Capabilities(
        reads=("sample",),
        quantities=(Quantity.CO2_PPM,),
        period_s=2.0,
        warm_up_s=120.0,
        response_t90_s=120.0,
        frozen_after_s=300.0,
        valid_range=(LOWEST_AIR_PPM, float(HIGHEST_PPM)),
    )

    def _measure(self) -> tuple[int, int]:
        return self._status_and_co2()
