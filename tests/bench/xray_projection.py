"""How true people put into empty scans are: their attenuation and their noise against rendered ones.

``python -m tests.bench.xray_projection [--scenes 24] [--photon-runs 8] [--picture docs/xray-projection.png]``

Scenes of seeds 7000 and on (no model was trained on them) are rendered occupied, and as their empty
twins; into the twin's lines the same masses are put by three rules, and their log-attenuation is
compared with the rendered one, pixel by pixel where the rendered people take at least 0.02 and the
empty scan was penetrated. Noise: photons counted by NumPy's Poisson generator, not by the product's.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from drivers.api import LineBlock, LineKind, Role, Stamp
from scanner.signals.xray_scan import Setup
from scanner.simulation.attenuation import Spectrum, linac_spectrum, tube_spectrum
from scanner.simulation.body_library import library, placed
from scanner.simulation.xray.beam import Beam, draw_spectrum
from scanner.simulation.xray.cargo import Load
from scanner.simulation.xray.ceiling import detection, steel_detectability
from scanner.simulation.xray.equivalent import Background
from scanner.simulation.xray.fan import straight_fan
from scanner.simulation.xray.insertion import Insertion
from scanner.simulation.xray.lines import line_blocks
from scanner.simulation.xray.measured import MeasuredLines, measured_lines
from scanner.simulation.xray.passage import Passage, drive_through
from scanner.simulation.xray.projection import WALL_SHARE, left_share
from scanner.simulation.xray.ranges import read_ranges
from scanner.simulation.xray.scene import (
    Masses,
    Scene,
    SceneSpec,
    draw_group,
    draw_load,
    draw_masses,
    nobody_in,
    shine,
)
from scanner.simulation.xray.thinning import thinned

Image = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

FIRST_SEED = 7000
OPEN_COUNTS = 40000.0
LEAST_CHANGE = 0.02
NOMINAL = {Beam.LINAC: linac_spectrum(6.0), Beam.TUBE: tube_spectrum(450.0, {"iron": 4.0})}
CARGO = {
    Load.BOXES: "cellulose",
    Load.CARCASSES: "soft_tissue",
    Load.DRY_ICE: "carbon_dioxide",
    Load.EMPTY: "iron",
}
WHOLE = {"repeated": [0.0, 1e-9], "dropped": [0.0, 1e-9]}
QUIET = {
    "scatter": [0.0, 1e-9], "afterglow": [0.0, 1e-9], "pile_up": [0.0, 1e-9], "blur_px": [0.0, 0.0],
    **WHOLE,
}  # fmt: skip
BRIGHT = {"photons": [1e7, 1.1e7], "electronic": [0.5, 0.6], **WHOLE}
RULES = ("thicknesses added", "logs added behind the usual load", "transmissions multiplied")


@dataclass(frozen=True, slots=True)
class Pair:
    """An occupied passage, its empty twin, and what was added between them, in the passage's lines."""

    masses: Masses
    scene: Scene
    occupied: Passage
    empty: Passage
    added: dict[str, Image]
    removed: Image | None
    seen: MeasuredLines

    def of_lines(self, image: Image) -> Image:
        """Return something of the scene as the passage's lines saw it."""
        order = slice(None, None, -1) if self.empty.rear_first else slice(None)
        return np.ascontiguousarray(image[order][self.empty.counted.source_line])


def pair(spec: SceneSpec) -> Pair:
    """Render a scene and its twin."""
    masses = draw_masses(spec)
    scene = shine(masses, draw_spectrum(spec.beam, spec.draw("beam")))
    occupied, empty = drive_through(scene), drive_through(nobody_in(scene))
    seen, _ = measured_lines(list(line_blocks(empty)), Setup(20.0))
    one = Pair(masses, scene, occupied, empty, {}, None, seen[0])
    added, removed = {}, None
    for name, layer in masses.areal_g_cm2.items():
        more = one.of_lines(layer - masses.without_people_g_cm2.get(name, np.float32(0)))
        if (more > 1e-3).any():
            added[name] = np.where(more > 1e-3, more, np.float32(0))
        if (more < -1e-3).any():  # what people in a tank displace
            gone = np.where(more < -1e-3, -more, np.float32(0))
            removed = gone if removed is None else removed + gone
    return replace(one, added=added, removed=removed)


def rendered_change(one: Pair) -> Image:
    """Return the people's log-attenuation in the primary beam."""
    least = np.float32(1e-12)
    logs = [np.log(np.maximum(x, least)) for x in (one.scene.without_people, one.scene.transmission)]
    return one.of_lines(logs[0] - logs[1])


def compared(one: Pair) -> Bools:
    """Return where people can be compared: they take something, and something came through without them."""
    change = rendered_change(one)
    known = one.seen.known
    through = one.of_lines(one.scene.without_people) > known.lowest / known.gain
    good = ~(known.unusable | one.empty.counted.untrue)
    return np.asarray((one.occupied.people_m > 0.01) & (change > LEAST_CHANGE) & through & good)


def by_rule(one: Pair, spectrum: Spectrum, load: Load, where: Bools, blur_px: float) -> dict[str, Image]:
    """Return the people's log-attenuation by each rule, at ``where``."""
    inside = one.seen.transmission[one.empty.space]
    logs = -np.log(np.maximum(inside, 1e-6))
    background = Background(max(float(np.quantile(logs, WALL_SHARE)), 0.0), cargo=CARGO.get(load, "water"))
    share = left_share(one.seen, one.added, one.removed, background, spectrum, blur_px)
    added = {name: layer[where] for name, layer in one.added.items()}
    removed = None if one.removed is None else one.removed[where]
    usual = np.full(int(where.sum()), float(np.median(logs)), np.float32)
    fixed = background.transmitted(usual, added, removed, spectrum)
    open_beam = spectrum.transmission(added)
    if removed is not None:
        open_beam = open_beam / spectrum.transmission({background.cargo: removed})
    return dict(zip(RULES, (-np.log(share[where]), -np.log(fixed), -np.log(open_beam)), strict=True))


def counted_change(one: Pair, where: Bools) -> Image:
    """Return the people's log-attenuation in what the detector counted with and without them."""
    dark = one.seen.known.dark
    with_, without = (p.counted.data[where].astype(np.float64) for p in (one.occupied, one.empty))
    level = np.broadcast_to(dark, where.shape)[where]
    return np.asarray(np.log(np.maximum(without - level, 1) / np.maximum(with_ - level, 1)), np.float32)


CASES: Mapping[str, tuple[bool, bool]] = {
    "beam known": (False, True),
    "nominal beam": (False, False),
    "beam known, with scatter, afterglow, pile-up, blur": (True, True),
}


def accuracy(scenes: int, console: Console) -> None:
    """Print relative errors of the people's log-attenuation."""
    errors: dict[tuple[Beam, str, str], list[npt.NDArray[np.float64]]] = defaultdict(list)
    loads: dict[tuple[Beam, str], list[float]] = defaultdict(list)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("scenes", total=2 * 2 * scenes)
        for beam in Beam:
            for number in range(scenes):
                seed = FIRST_SEED + number
                body, load = draw_load(seed)
                spec = SceneSpec(seed, beam, body, load, bodies="test", n_pixels=256, n_lines=768)
                spec = replace(spec, persons=draw_group(spec))
                where = np.zeros(0, bool)
                for real in (False, True):
                    changes = BRIGHT if real else QUIET
                    one = pair(replace(spec, ranges=read_ranges().but(detector=changes)))
                    # what a usual detector penetrates, whichever is compared
                    where = where & ~one.seen.known.unusable if real else compared(one)
                    progress.advance(task)
                    if where.sum() < 20:
                        continue
                    true = rendered_change(one)[where]
                    for case, (with_detector, known) in CASES.items():
                        if with_detector is not real:
                            continue
                        if real:
                            true = counted_change(one, where)
                        spectrum = one.scene.spectrum if known else NOMINAL[beam]
                        for rule, found in by_rule(one, spectrum, load, where, 0.5 * real).items():
                            clear = true > LEAST_CHANGE
                            error = (found[clear] / true[clear] - 1).astype(np.float64)
                            errors[beam, case, rule].append(error)
                            if case == "beam known" and rule == RULES[0]:
                                loads[beam, load.value].append(float(np.median(np.abs(error))))
    table = Table("beam", "case", "rule", "scenes", "median |error|", "95 % of pixels", "median error")
    for (beam, case, rule), found in errors.items():
        # every scene counts alike, however many pixels its people have
        weight = np.concatenate([np.full(e.size, 1.0 / e.size) for e in found])
        every = np.concatenate(found)
        middle, most = weighted_quantiles(np.abs(every), weight, (0.5, 0.95))
        (bias,) = weighted_quantiles(every, weight, (0.5,))
        table.add_row(
            beam.value,
            case,
            rule,
            f"{len(found)}",
            f"{100 * middle:.1f} %",
            f"{100 * most:.0f} %",
            f"{100 * bias:+.1f} %",
        )
    console.print(table)
    by_load = Table("beam", "load", "scenes", "median of |error|, thicknesses added, beam known")
    for (beam, name), values in sorted(loads.items()):
        by_load.add_row(beam, name, f"{len(values)}", f"{100 * float(np.median(values)):.1f} %")
    console.print(by_load)


def weighted_quantiles(
    values: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], at: tuple[float, ...]
) -> list[float]:
    """Return quantiles of values that weigh differently.

    >>> weighted_quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), (0.5,))
    [2.0]
    """
    order = np.argsort(values)
    share = np.cumsum(weight[order]) / weight.sum()
    places = np.minimum(np.searchsorted(share, at), values.size - 1)
    return [float(values[order][place]) for place in places]


def counted_blocks(
    transmission: Image,
    photons: float,
    electronic: float,
    gain: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> list[LineBlock]:
    """Return lines of a plain detector: Poisson photons, Gaussian dark signal, channels of some gain."""
    n_pixels = transmission.shape[1]
    quantum, dark = OPEN_COUNTS / photons, 900.0
    parts = (
        (LineKind.DARK, np.zeros((64, n_pixels), np.float32)),
        (LineKind.AIR, np.ones((64, n_pixels), np.float32)),
        (LineKind.DATA, transmission),
    )
    blocks, first = [], 1
    for kind, light in parts:
        n = light.shape[0]
        counts = (
            quantum * gain * rng.poisson(photons * light) + dark + rng.normal(0.0, electronic, light.shape)
        )
        dose = np.full(n, 0 if kind is LineKind.DARK else 32768, np.uint16)
        numbers = np.arange(first, first + n, dtype=np.int64)
        way = 50 * numbers if kind is LineKind.DATA else np.zeros(n, np.int64)
        first += n
        blocks.append(
            LineBlock(
                np.clip(np.rint(counts), 0, 65535).astype(np.uint16), 1, numbers, way, dose,
                np.zeros(n, np.uint16), kind, 0, 16, 10000, 5000, stamp=Stamp("portal", Role.PORTAL, 1, 0),
            )
        )  # fmt: skip
    return blocks


def noise(scenes: int, runs: int, console: Console) -> None:
    """Print the variance of projected people over that of rendered ones, by what comes through."""
    bins = ((0.0, 1.0), (1.0, 2.0), (2.0, 3.5), (3.5, 6.0))
    sums: dict[tuple[Beam, int], list[tuple[float, float, float]]] = defaultdict(list)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("noise", total=2 * scenes * runs)
        for beam in Beam:
            for number in range(scenes):
                seed = FIRST_SEED + number
                body, load = draw_load(seed)
                spec = SceneSpec(
                    seed, beam, body, load, 2, "test", 128, 384, read_ranges().but(detector=QUIET)
                )
                one = pair(spec)
                rng = np.random.default_rng([seed, 77])
                photons, electronic = float(rng.uniform(60, 900)), float(rng.uniform(3, 30))
                gain = rng.normal(1.0, 0.03, spec.n_pixels)
                light, full = (one.of_lines(x) for x in (one.scene.without_people, one.scene.transmission))
                where = compared(one)
                stacks: tuple[list[Image], list[Image]] = ([], [])
                for run in range(runs):
                    seen = measured_lines(counted_blocks(light, photons, electronic, gain, rng), Setup(20.0))[
                        0
                    ][0]
                    share = left_share(
                        seen,
                        one.added,
                        one.removed,
                        Background(0.3, cargo=CARGO.get(load, "water")),
                        one.scene.spectrum,
                    )
                    put = thinned(seen, share, np.random.default_rng([seed, run]))
                    rendered = counted_blocks(full, photons, electronic, gain, rng)[-1].pixels
                    where = where & ~seen.known.unusable
                    stacks[0].append((put - 900.0) / (OPEN_COUNTS * gain))
                    stacks[1].append((rendered - 900.0) / (OPEN_COUNTS * gain))
                    progress.advance(task)
                logs = -np.log(np.maximum(full, 1e-9))
                for index, (low, high) in enumerate(bins):
                    inside = where & (logs >= low) & (logs < high)
                    if inside.sum() < 30:
                        continue
                    a, b = (np.stack(s)[:, inside].astype(np.float64).var(axis=0, ddof=1) for s in stacks)
                    expected = full[inside] / photons + (electronic / OPEN_COUNTS) ** 2
                    mean = [np.stack(s)[:, inside].mean(dtype=np.float64) for s in stacks]
                    level = np.mean(full[inside])
                    sums[beam, index].append(
                        (
                            float(np.mean(a / expected)),
                            float(np.mean(b / expected)),
                            (mean[0] - mean[1]) / level,
                        )
                    )
    table = Table(
        "beam",
        "log-attenuation with people",
        "scenes",
        "variance over rendered",
        "least",
        "most",
        "mean counts",
    )
    for (beam, index), found in sorted(sums.items()):
        ratio = np.array([a / b for a, b, _ in found])
        bias = np.array([m for _, _, m in found])
        table.add_row(
            beam.value, f"{bins[index][0]:g} to {bins[index][1]:g}", f"{len(found)}",
            f"{ratio.mean():.3f}", f"{ratio.min():.2f}", f"{ratio.max():.2f}",
            f"{100 * np.median(bias):+.1f} %",
        )  # fmt: skip
    console.print(table)


STEEL_CM = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)


def ceilings(console: Console) -> None:
    """Print what an ideal observer finds of a standing adult behind steel, by beam and photons."""
    who = next(
        e for e in library().entries if (e.split, e.pose, e.age_class) == ("test", "standing", "adult")
    )
    adult = Insertion(who, placed(who), np.array([2.0, 0.0, 1.2]))
    fan = straight_fan(256, 4.5, 0.0, -8.0, 1.2)
    light = np.ones((64, 256), np.float32)
    table = Table(
        "steel, cm", *(f"{beam.value}, {n} photons: d', found" for beam in Beam for n in (100, 900))
    )
    columns = []
    for beam in Beam:
        for photons in (100.0, 900.0):
            blocks = counted_blocks(light, photons, 10.0, np.ones(256), np.random.default_rng(5))
            seen = measured_lines(blocks, Setup(20.0))[0][0]
            columns.append(steel_detectability(adult, fan, 0.02, seen, NOMINAL[beam], STEEL_CM))
    for depth, *found in zip(STEEL_CM, *columns, strict=True):
        table.add_row(f"{depth:g}", *(f"{d:.2f}, {100 * detection(d):.1f} %" for d in found))
    console.print(table)


def picture(path: Path) -> None:
    """Write background, projected, rendered and difference as one small picture."""
    import cv2

    spec = SceneSpec(
        FIRST_SEED + 3, Beam.LINAC, *draw_load(FIRST_SEED + 3), 2, "test", 256, 768,
        read_ranges().but(detector={**QUIET, "photons": [600.0, 610.0]}),
    )  # fmt: skip
    one = pair(spec)
    background = Background(0.2, cargo=CARGO.get(spec.load, "water"))
    share = left_share(one.seen, one.added, one.removed, background, one.scene.spectrum)
    put = thinned(one.seen, share, np.random.default_rng(1))
    known = one.seen.known

    def log_of(lines: npt.NDArray[np.uint16]) -> Image:
        net = np.maximum(lines.astype(np.float32) - known.dark, 1.0) / known.gain
        net /= one.empty.counted.dose[:, np.newaxis] / np.float32(32768)
        return np.asarray(-np.log(np.maximum(net, 1e-4)).T, np.float32)

    empty, projected, rendered = (log_of(x) for x in (one.empty.counted.data, put, one.occupied.counted.data))
    columns = np.flatnonzero(one.occupied.people_m.any(axis=1))
    middle = int(np.median(columns))
    part = slice(max(middle - 190, 0), max(middle - 190, 0) + 380)

    def grey(image: Image, low: float, high: float) -> npt.NDArray[np.uint8]:
        return np.ascontiguousarray(
            np.clip(255 * (1 - (image[:, part] - low) / (high - low)), 0, 255).astype(np.uint8)
        )

    top = float(np.quantile(rendered[:, part], 0.99))
    panels = [grey(x, 0.0, top) for x in (empty, projected, rendered)]
    panels.append(grey(projected - rendered, -1.0, 1.0))
    names = ("background", "projected", "rendered", "projected - rendered")
    for panel, name in zip(panels, names, strict=True):
        panel[:22] = 255
        cv2.putText(panel, name, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1, cv2.LINE_AA)
    rows = [np.hstack(panels[:2]), np.hstack(panels[2:])]
    cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--photon-runs", type=int, default=8)
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    console = Console(width=130)
    if chosen.picture:
        picture(chosen.picture)
    ceilings(console)
    if chosen.scenes:
        accuracy(chosen.scenes, console)
        noise(max(chosen.scenes // 4, 1), chosen.photon_runs, console)


if __name__ == "__main__":
    main()
