"""People in real thermal frames: the shipped detector beside a tuned hot-spot detector.

Run by hand:

    python -m tests.bench.thermal_people --data FOLDER [--model FILE] [--sequences NAME ...] [--out DIR]
        [--plots docs]

FOLDER holds `hit_uav`, `cptv_lepton` and `mlx90640_raw`. The test part is that of
`models/training/hit_uav_split.toml`; thresholds were chosen before, on the validation part. DIR then holds
thermal-people.json and thermal-people.md. Intervals over frames are bootstraps of stretches of ten frames
that follow each other: a flight's frames are no independent trials.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track
from scipy.stats import beta

from models.detection import Detection, PersonDetector
from models.training.average_precision import Matched, average_precision, match, precision_recall
from models.training.hit_uav import Labelled, load, sequences
from models.training.thermal_yard import yard_frame
from scanner.signals.thermal import half_frame
from scanner.signals.thermal_pixels import fill
from tests.bench.thermal_hot_spots import TUNED, altitude_m
from tests.drivers.flir.cptv import cptv_frames

STRETCH = 10
DRAWS = 2000
SEED = 31
LOWEST = 0.02
ENLARGED = 5  # an MLX90640's 24 x 32 pixels are too few for the detector: shown 120 x 160 besides

FloatImage = npt.NDArray[np.float32]
Detect = Callable[[Labelled], tuple[Detection, ...]]


def clopper_pearson(hits: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a rate.

    References
    ----------
    Clopper, Pearson, Biometrika 26 (1934) 404-413.
    """
    low = float(beta.ppf(0.025, hits, trials - hits + 1)) if hits else 0.0
    return low, float(beta.ppf(0.975, hits + 1, trials - hits)) if hits < trials else 1.0


def interval(
    frames: Sequence[Matched], names: Sequence[str], figure: Callable[[list[Matched]], float]
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a figure over stretches of frames of one sequence."""
    blocks: list[list[Matched]] = []
    for name in sorted(set(names)):
        own = [f for f, n in zip(frames, names, strict=True) if n == name]
        blocks += [own[k : k + STRETCH] for k in range(0, len(own), STRETCH)]
    rng = np.random.default_rng(SEED)
    drawn = []
    for _ in range(DRAWS):
        chosen = [frame for k in rng.integers(len(blocks), size=len(blocks)) for frame in blocks[k]]
        drawn.append(figure(chosen) if any(f.persons for f in chosen) else 0.0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def at_threshold(frames: Sequence[Matched], threshold: float) -> dict[str, float]:
    """Count what a frozen threshold does."""
    hits = sum(int((f.right & (f.scores >= threshold)).sum()) for f in frames)
    wrong = sum(int((~f.right & (f.scores >= threshold)).sum()) for f in frames)
    empty = [f for f in frames if f.persons == 0]
    return {
        "persons": sum(f.persons for f in frames),
        "found": hits,
        "wrong": wrong,
        "frames_without": len(empty),
        "claimed_without": sum(bool((~f.right & (f.scores >= threshold)).any()) for f in empty),
    }


def empty_frames(data: Path) -> list[tuple[str, str, list[FloatImage]]]:
    """Return recordings without people: name, unit, frames; equal recordings once."""
    found: list[tuple[str, str, list[FloatImage]]] = []
    for path in sorted((data / "cptv_lepton").glob("*.cptv")):
        frames = [f.astype(np.float32) for f in cptv_frames(path)]
        if not any(len(frames) == len(f) and np.array_equal(frames[-1], f[-1]) for _, _, f in found):
            found.append((path.name, "", frames))
    for path in sorted((data / "mlx90640_raw").glob("*.raw")):
        images = np.fromfile(path, np.float32).reshape(-1, 24, 32)
        whole = [fill(i, np.zeros(i.shape, bool)) for i in images if not half_frame(i)]
        found.append(
            (path.name, "°C", [np.kron(i, np.ones((ENLARGED, ENLARGED), np.float32)) for i in whole])
        )
    return found


def judge(frames: Sequence[Labelled], detect: Detect, what: str) -> list[Matched]:
    """Match a detector's boxes frame by frame."""
    return [match(detect(f), f.persons, f.ignored) for f in track(frames, what)]


def table(name: str, frames: Sequence[Matched], names: Sequence[str]) -> tuple[str, dict[str, object]]:
    """Return a row of the table of average precision and its figures."""
    ap = average_precision(frames)
    low, high = interval(frames, names, average_precision)
    figures = {
        "ap50": ap,
        "interval": [low, high],
        "frames": len(frames),
        "persons": sum(f.persons for f in frames),
    }
    return f"| {name} | {ap:.3f} [{low:.3f}, {high:.3f}] | {len(frames)} | {figures['persons']} |", figures


def plot(curves: dict[str, list[Matched]], point: tuple[float, float], path: Path) -> None:
    """Draw precision against recall."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4.2))
    for name, frames in curves.items():
        _, precision, recall = precision_recall(frames)
        axes.plot(recall, precision, label=f"{name}, AP {average_precision(frames):.3f}")
    axes.plot(*point, "ko", label="frozen threshold")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="lower left")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def example(detector: PersonDetector, path: Path) -> None:
    """Draw the first simulated yard with five people or more, and what is found: never a recorded frame."""
    drawn = (yard_frame(np.random.default_rng([SEED, k]), (240, 320)) for k in range(100))
    image, boxes = next(pair for pair in drawn if len(pair[1]) >= 5)
    low, high = np.quantile(image, [0.01, 0.995])
    grey = (np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    canvas = cv2.resize(
        cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST
    )
    for x, y, width, height in boxes * 2:
        cv2.rectangle(canvas, (int(x), int(y)), (int(x + width), int(y + height)), (0, 200, 0), 1)
    for d in detector.detect(image):
        corner = (int(2 * d.x), int(2 * d.y)), (int(2 * (d.x + d.width)), int(2 * (d.y + d.height)))
        cv2.rectangle(canvas, *corner, (0, 140, 255), 2)
        cv2.putText(canvas, f"{d.score:.2f}", (corner[0][0], corner[0][1] - 3), 0, 0.45, (0, 140, 255), 1)
    cv2.imwrite(str(path), canvas)


def main() -> None:
    """Parse the command line, judge, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="another detector's file")
    parser.add_argument(
        "--sequences", nargs="*", help="instead of the test part; never ones it was trained on"
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plots", type=Path)
    asked = parser.parse_args()
    detector = PersonDetector(asked.model)
    console = Console(soft_wrap=True)
    chosen = asked.sequences or [s["name"] for s in sequences("test")]
    trained = set(detector.card.splits["train"].split(", ")) & set(chosen)
    if trained:
        parser.error(f"{detector.id} was trained on {', '.join(sorted(trained))}")
    frames = load(asked.data / "hit_uav", chosen)
    names = [f.sequence for f in frames]
    ours = judge(frames, lambda f: detector.detect(f.image.astype(np.float32), lowest=LOWEST), "network")
    plain = judge(frames, lambda f: TUNED.detect(f.image.astype(np.float32), altitude_m(f.name)), "hot spots")
    rows, told = ["| Detector | AP at IoU 0.5 [95 %] | Frames | People |", "|---|---|---|---|"], {}
    for name, matched in ((detector.id, ours), ("hot spots, tuned", plain)):
        row, told[name] = table(name, matched, names)
        rows.append(row)
    for sequence in sorted({n for n, f in zip(names, ours, strict=True) if f.persons}):
        own = [(o, p) for o, p, n in zip(ours, plain, names, strict=True) if n == sequence]
        rows.append(
            f"| {sequence}: network / hot spots | {average_precision([o for o, _ in own]):.3f} / "
            f"{average_precision([p for _, p in own]):.3f} | {len(own)} | {sum(o.persons for o, _ in own)} |"
        )
    card = detector.card
    frozen = at_threshold(ours, card.threshold)
    recall = frozen["found"] / max(frozen["persons"], 1)
    precision = frozen["found"] / max(frozen["found"] + frozen["wrong"], 1)
    low, high = clopper_pearson(int(frozen["claimed_without"]), int(frozen["frames_without"]))
    rows += [
        "",
        f"Frozen threshold {card.threshold:.3f}: {frozen['found']:.0f} of {frozen['persons']:.0f} people "
        f"found (recall {recall:.3f}), {frozen['wrong']:.0f} wrong boxes (precision {precision:.3f});",
        f"a person claimed in {frozen['claimed_without']:.0f} of {frozen['frames_without']:.0f} test frames "
        f"without people [{low:.3f}, {high:.3f}].",
        "",
        "| Recording without people | Frames with a person claimed | [95 %, if frames were independent] |",
        "|---|---|---|",
    ]
    told["frozen"] = frozen
    for name, unit, images in empty_frames(asked.data):
        highest = [
            max((d.score for d in detector.detect(i, unit, LOWEST)), default=0.0) for i in track(images, name)
        ]
        claims = sum(s >= card.threshold for s in highest)
        low, high = clopper_pearson(claims, len(images))
        what = f" (enlarged {ENLARGED} times)" if unit else ""
        rows.append(f"| {name}{what} | {claims} of {len(images)} | [{low:.3f}, {high:.3f}] |")
        told[name] = {"claimed": claims, "frames": len(images), "highest_score": max(highest)}
    console.print("\n".join(rows), markup=False, highlight=False)
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "thermal-people.md").write_text("\n".join(rows) + "\n")
        (asked.out / "thermal-people.json").write_text(json.dumps(told, indent=1) + "\n")
    if asked.plots is not None:
        curves = {"network": ours, "hot spots, tuned": plain}
        plot(curves, (recall, precision), asked.plots / "thermal-people.png")
        example(detector, asked.plots / "thermal-example.png")


if __name__ == "__main__":
    main()
