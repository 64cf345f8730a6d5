"""A small line detector and a lorry of known patches: truth for the X-ray chain, and none of its code.

Seeds below 1000 are for tests, from 5000 on for tests/bench/xray_chain.py; the chain's limits were
chosen on seeds 9000 to 9002.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np

from drivers.api import LineBlock, LineKind, LineScanEnd, Role, Stamp

DARK, AIR = 64, 64
ENCODER_UM = 100
BITS = 16
PITCH_MM = 5.0
PATCH_ROWS, PATCH_COLUMNS = 7, 14
BEFORE_MM = 400.0
BORDER_MM = 30.0


@dataclass(frozen=True)
class Faults:
    """What is wrong with a scan."""

    dead_share: float = 0.0
    drift: float = 0.0
    stretch: float = 0.0
    air_after: bool = True
    open_rows: bool = True
    dose_step: float = 0.0
    dropped: float = 0.0
    repeated: float = 0.0
    module: bool = False


@dataclass
class Recorded:
    """Lines of one scan and what is true of them; arrays as in `LineBlock`."""

    dark: np.ndarray
    air: np.ndarray
    air_dose: np.ndarray
    after: np.ndarray
    after_dose: np.ndarray
    data: np.ndarray
    dose: np.ndarray
    numbers: np.ndarray
    encoder: np.ndarray
    pixel_mm: float
    gain: np.ndarray
    patches: list[tuple[float, float, float, float, float]]  # x0, x1, y0, y1 in mm, L in the middle
    bad: dict[str, np.ndarray] = field(default_factory=dict)
    repeated: int = 0
    dropped: int = 0
    photons: float = 0.0


def true_attenuation(x_mm: np.ndarray, y_mm: np.ndarray, patches: list) -> np.ndarray:
    """Return L at some places, ``(x, y)``: patches with a slope of 4 % across, air elsewhere."""
    picture = np.zeros((x_mm.size, y_mm.size))
    for x0, x1, y0, y1, middle in patches:
        along, up = (x_mm >= x0) & (x_mm < x1), (y_mm >= y0) & (y_mm < y1)
        slope = 1 + 0.04 * ((x_mm[along] - x0) / (x1 - x0) - 0.5)
        picture[np.ix_(along, up)] = middle * slope[:, None]
    return picture


def record(
    seed: int, faults: Faults, n_pixels: int = 256, n_lines: int = 1600, photons: float = 7500.0
) -> Recorded:
    """Return one scan. Patches lie over the detector but for its first tenth, where rows are open."""
    rng = np.random.default_rng(seed)
    pixel_mm = 2560.0 / n_pixels
    speed = PITCH_MM * (1 + faults.stretch * np.sin(np.linspace(0, 7, n_lines) + rng.uniform(0, 6)))
    x_mm = np.cumsum(speed) - speed[0]
    y_mm = (np.arange(n_pixels) + 0.5) * pixel_mm
    top = 0.1 * 2560 if faults.open_rows else 0.0
    patches = _patches(rng, x_mm[-1], top)
    # the line's own way is averaged by the detector too
    truth = np.exp(-true_attenuation(x_mm, y_mm, patches))
    gain = 44000.0 * np.repeat(rng.normal(1, 0.03, -(-n_pixels // 32)), 32)[:n_pixels]
    gain = np.clip(gain * rng.normal(1, 0.02, n_pixels), 30000, 52000)
    offset, electronic = rng.normal(900, 60, n_pixels), 12.0
    total = AIR + n_lines + AIR
    steady = 1 + faults.drift * (np.arange(total) - AIR / 2) / (n_lines + AIR)

    def detect(share: np.ndarray, when: np.ndarray, beam: np.ndarray) -> np.ndarray:
        arrived = rng.poisson(share * beam[:, None] * photons)
        counts = arrived * (gain / photons) * steady[when][:, None] + offset
        counts += electronic * rng.standard_normal(counts.shape)
        return np.clip(np.rint(counts), 0, 65535).astype(np.uint16)

    def beams(n: int) -> tuple[np.ndarray, np.ndarray]:
        true = np.clip(rng.normal(1, 0.02, n), 0.9, 1.1)
        return true, np.rint(32768 * true * rng.normal(1, 0.002, n)).astype(np.uint16)

    open_ = np.ones((AIR, n_pixels))
    dark = detect(np.zeros((DARK, n_pixels)), np.zeros(DARK, int), np.zeros(DARK))
    beam, air_dose = beams(AIR)
    air = detect(open_, np.arange(AIR), beam)
    beam, dose = beams(n_lines)
    if faults.dose_step:
        beam[n_lines // 3 : n_lines // 2] *= 1 + faults.dose_step
    data = detect(truth, AIR + np.arange(n_lines), beam)
    beam, after_dose = beams(AIR)
    after = detect(open_, AIR + n_lines + np.arange(AIR), beam)
    bad = _break_channels(rng, faults, dark, air, data, after)
    scan = Recorded(
        dark, air, air_dose, after, after_dose, data, dose, np.arange(n_lines),
        np.rint(x_mm * 1000 / ENCODER_UM).astype(np.int64), pixel_mm, gain, patches, bad, photons=photons,
    )  # fmt: skip
    if not faults.air_after:
        scan = replace(scan, after=after[:0], after_dose=after_dose[:0])
    return _break_lines(rng, faults, scan)


def _patches(rng: np.random.Generator, length_mm: float, top_mm: float) -> list:
    x = np.linspace(BEFORE_MM, length_mm - BEFORE_MM, PATCH_COLUMNS + 1)
    y = np.linspace(top_mm, 2560, PATCH_ROWS + 1)
    levels = rng.permutation(np.linspace(0.05, 7.0, PATCH_ROWS * PATCH_COLUMNS)).reshape(PATCH_COLUMNS, -1)
    return [
        (x[i], x[i + 1], y[j], y[j + 1], float(levels[i, j]))
        for i in range(PATCH_COLUMNS)
        for j in range(PATCH_ROWS)
    ]


def _break_channels(rng: np.random.Generator, faults: Faults, *kinds: np.ndarray) -> dict[str, np.ndarray]:
    dark, data = kinds[0], kinds[2]
    n = dark.shape[1]
    chosen = rng.permutation(np.arange(2, n - 2))[: max(round(faults.dead_share * n), faults.dead_share > 0)]
    names = ("zero", "top", "plausible", "no answer", "stuck in data", "telegraph")
    bad: dict[str, list[int]] = {name: [] for name in names}
    for number, channel in enumerate(chosen):
        kind = names[number % len(names)]
        bad[kind].append(int(channel))
        for lines in kinds:
            if kind == "zero":
                lines[:, channel] = 0
            elif kind == "top":
                lines[:, channel] = 65535
            elif kind == "plausible":
                lines[:, channel] = 17321
            elif kind == "no answer":
                lines[:, channel] = rng.normal(900, 12, lines.shape[0]).astype(np.uint16)
            elif kind == "stuck in data" and lines is data:
                lines[:, channel] = 23456
            elif kind == "telegraph":
                jump = (rng.random(lines.shape[0]) < 0.4) * 9000
                lines[:, channel] = np.minimum(lines[:, channel].astype(int) + jump, 65534)
    if faults.module:
        first = n // 2
        for lines in kinds:
            lines[:, first : first + 32] = rng.normal(900, 12, (lines.shape[0], 32)).astype(np.uint16)
        bad["module"] = list(range(first, first + 32))
    return {name: np.array(found, int) for name, found in bad.items()}


def _break_lines(rng: np.random.Generator, faults: Faults, scan: Recorded) -> Recorded:
    n = scan.data.shape[0]
    again = np.flatnonzero(rng.random(n) < faults.repeated)
    again = again[again > 0]
    for line in again:
        scan.data[line] = scan.data[line - 1]
    kept = rng.random(n) >= faults.dropped
    kept[[0, -1]] = True
    kept[again] = kept[again - 1] = True
    return replace(
        scan,
        data=scan.data[kept], dose=scan.dose[kept], numbers=scan.numbers[kept], encoder=scan.encoder[kept],
        repeated=again.size, dropped=int((~kept).sum()),
    )  # fmt: skip


def blocks(scan: Recorded, cuts: list[int] | None = None, energy: int = 0) -> list[LineBlock]:
    """Return the scan as a driver hands it over; ``cuts`` are where data lines are split."""
    n = scan.data.shape[0]
    items = [
        _block(scan, LineKind.DARK, scan.dark, np.zeros(DARK, np.uint16), np.arange(DARK), energy),
        _block(scan, LineKind.AIR, scan.air, scan.air_dose, DARK + np.arange(scan.air.shape[0]), energy),
    ]
    start = DARK + scan.air.shape[0]
    edges = [0, *(cuts if cuts is not None else range(100, n, 100)), n]
    for first, last in itertools.pairwise(edges):
        part = slice(first, last)
        block = _block(
            scan, LineKind.DATA, scan.data[part], scan.dose[part], start + scan.numbers[part], energy
        )
        items.append(replace(block, encoder=scan.encoder[part]))
    if scan.after.size:
        number = start + int(scan.numbers[-1]) + 1 + np.arange(scan.after.shape[0])
        items.append(_block(scan, LineKind.AIR, scan.after, scan.after_dose, number, energy))
    return items


def _block(
    scan: Recorded, kind: LineKind, lines: np.ndarray, dose: np.ndarray, numbers: np.ndarray, energy: int
) -> LineBlock:
    n = lines.shape[0]
    return LineBlock(
        lines,
        scan=1,
        line_numbers=numbers.astype(np.int64),
        encoder=np.zeros(n, np.int64),
        dose=dose,
        line_flags=np.zeros(n, np.uint16),
        kind=kind,
        energy=energy,
        bits=BITS,
        pixel_pitch_um=round(scan.pixel_mm * 1000),
        line_pitch_um=round(PITCH_MM * 1000),
        stamp=Stamp("portal", Role.PORTAL, 1, 0),
    )


def end_of(items: list[LineBlock]) -> LineScanEnd:
    """Return the END that fits some blocks."""
    n = sum(i.line_numbers.size for i in items)
    return LineScanEnd(1, n, 0, "", n, True, stamp=Stamp("portal", Role.PORTAL, 2, 0))


@dataclass(frozen=True)
class Judgement:
    """One patch: how far off, its L, how many pixels."""

    bias: float
    attenuation: float
    n: int

    @property
    def within(self) -> bool:
        """Whether the bias is within the larger of 0.01 and 2 % of L."""
        return abs(self.bias) <= max(0.01, 0.02 * self.attenuation)


def judge_patches(
    image: np.ndarray, penetrated: np.ndarray, mm_per_px: float, scan: Recorded, origin_mm: float
) -> list[Judgement]:
    """Compare a picture with the truth on the inner part of patches with 100 penetrated pixels or more."""
    x = (np.arange(image.shape[1]) + 0.5) * mm_per_px + origin_mm
    y = (np.arange(image.shape[0]) + 0.5) * mm_per_px
    truth = true_attenuation(x, y, scan.patches).T
    found = []
    for x0, x1, y0, y1, _ in scan.patches:
        inner = np.ix_(
            (y > y0 + BORDER_MM) & (y < y1 - BORDER_MM), (x > x0 + BORDER_MM) & (x < x1 - BORDER_MM)
        )
        seen = penetrated[inner]
        if seen.sum() >= 100:
            true = float(truth[inner][seen].mean())
            found.append(Judgement(float(image[inner][seen].mean()) - true, true, int(seen.sum())))
    return found
