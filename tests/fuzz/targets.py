"""Every codec with the frames that fuzzing starts from; the lists stand by what the devices are for."""

from __future__ import annotations

from tests.fuzz import carbon_dioxide, imaging, seismic
from tests.fuzz.check import Target

TARGETS: dict[str, Target] = {
    target.codec: target for target in (*carbon_dioxide.TARGETS, *seismic.TARGETS, *imaging.TARGETS)
}
