"""What the X-ray method says of a passage with its lines replaced, beside what an ideal observer could."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drivers.api import ConnectionState, DeviceState, LineBlock, LineScanEnd, Stamp
from scanner.evidence import Evidence
from scanner.methods import MethodKit
from scanner.modality import ScanView
from scanner.projection.people import loading_of
from scanner.projection.source import SourceScan
from scanner.simulation.attenuation import Spectrum
from scanner.simulation.priors import stream
from scanner.simulation.xray.ceiling import STEEL_G_CM3, detection, steel_detectability
from scanner.simulation.xray.insertion import Insertion, lay
from scanner.simulation.xray.measured import data_blocks
from scanner.simulation.xray.projection import background_of, left_share, with_lines
from scanner.simulation.xray.thinning import thinned

STEEL_CM = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0)


@dataclass(frozen=True, slots=True)
class CeilingRow:
    """One depth of steel: what could be found at best, and the model's scores, None = it could not tell.

    Parameters
    ----------
    steel_cm : plates added in front of the load space; ``d_prime`` and ``found`` are of the person
        behind that steel alone.
    empty, occupied : score of the recorded scan behind these plates, without and with the person.
    """

    steel_cm: float
    d_prime: float
    found: float
    empty: float | None
    occupied: float | None


def evidence_of(source: SourceScan, blocks: Sequence[LineBlock], kit: MethodKit) -> Evidence:
    """Return what the product's X-ray method says of a passage with these blocks, in the source's order."""
    method = next(one for one in kit.make() if one.name == "xray")
    last = max(block.stamp.mono_ns for block in blocks)
    placed = zip((one.place for one in source.blocks), blocks, strict=True)
    ordered = [block for _, block in sorted(placed, key=lambda one: one[0])]
    for block in ordered:
        method.feed(block)
    n = sum(int(block.line_numbers.size) for block in blocks)
    stamp = Stamp(source.sensor.name, source.sensor.role, last, 0)
    method.feed(LineScanEnd(ordered[-1].scan, n, 0, "", n, True, stamp=stamp))
    name = source.sensor.name
    view = ScanView(
        source.declaration,
        {name: source.sensor},
        {name: DeviceState(ConnectionState.READY)},
        60.0,
        source.utc_ns,
    )
    return method.evaluate(last + 1, view)


def ceiling_table(
    source: SourceScan,
    person: Insertion,
    spectra: Mapping[int, Spectrum],
    kit: MethodKit,
    steel_cm: Sequence[float] = STEEL_CM,
    false_alarms: float = 0.01,
    progress: Callable[[], None] = lambda: None,
) -> list[CeilingRow]:
    """Return how well one person can be seen behind steel, by an ideal observer and by our model.

    Parameters
    ----------
    progress : called after each depth.
    """
    energy, seen = next(iter(source.measured.items()))
    spectrum = spectra[energy]
    fan = source.geometry.fan(
        seen.lines.shape[1], float(data_blocks(source.lines(), energy)[0].pixel_pitch_um)
    )
    steps = np.diff(np.unique(seen.x_m))
    line_m = float(np.median(steps))
    ideal = steel_detectability(person, fan, line_m, seen, spectrum, steel_cm)
    rows = []
    for depth, d_prime in zip(steel_cm, ideal, strict=True):
        scores = [_score(source, people, depth, spectra, kit) for people in ((), (person,))]
        rows.append(CeilingRow(depth, d_prime, detection(d_prime, false_alarms), *scores))
        progress()
    return rows


def _score(
    source: SourceScan,
    people: Sequence[Insertion],
    steel_cm: float,
    spectra: Mapping[int, Spectrum],
    kit: MethodKit,
) -> float | None:
    """Score the scan with people and plates in front of the whole load space."""
    lines = {}
    loading = loading_of(source)
    for energy, seen in source.measured.items():
        declared = float(data_blocks(source.lines(), energy)[0].pixel_pitch_um)
        fan = source.geometry.fan(seen.lines.shape[1], declared)
        added = dict(lay(people, seen.x_m, fan).added_g_cm2)
        space, z = loading.space, fan.z_m(0.0)
        plate = np.outer(
            (seen.x_m >= space.x0) & (seen.x_m <= space.x1), (z >= space.z0) & (z <= space.z1)
        ).astype(np.float32) * np.float32(steel_cm * STEEL_G_CM3)
        added["iron"] = plate + added["iron"] if "iron" in added else plate
        share = left_share(seen, added, None, background_of(seen, fan, loading), spectra[energy])
        lines[energy] = thinned(seen, share, stream(0, "projection", "ceiling", str(energy)))
    return evidence_of(source, with_lines(source.lines(), lines), kit).score
