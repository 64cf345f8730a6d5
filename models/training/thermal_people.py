"""Trains the person detector for open views: ``python -m models.training.thermal_people --data FOLDER``.

FOLDER holds HIT-UAV frames (``annotations.json``, ``images``). Training uses the part "train" of
``hit_uav_split.toml`` and simulated yards; the threshold is chosen on "validation"; "test" is not read.
A run that was stopped goes on from its checkpoint (``--work``).
"""

from __future__ import annotations

import argparse
import hashlib
import math
import time
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress
from torch import Tensor
from torch.nn import functional

from models.detection import DetectorCard, PersonDetector
from models.training.average_precision import Matched, average_precision, match, precision_recall
from models.training.hit_uav import ATTRIBUTION, Labelled, hold_out, load, sequences, sha256
from models.training.onnx_file import write_onnx
from models.training.person_batches import CLIP_HIGH, CLIP_LOW, Targets, batch
from models.training.person_network import DEEPEST, STRIDE, PersonNetwork
from models.training.thermal_yard import yard_frame

WANTED_PRECISION = 0.95
VALIDATION_YARDS = 200
_SOURCES = (
    "models/detection.py", "models/training/hit_uav.py", "models/training/hit_uav_split.toml",
    "models/training/person_batches.py", "models/training/person_network.py",
    "models/training/thermal_people.py", "models/training/thermal_yard.py",
)  # fmt: skip


def loss_of(answer: Tensor, wanted: list[Targets]) -> Tensor:
    """Return focal loss of the centres (Zhou et al. 2019, eq. 1) plus absolute errors of the boxes."""
    heat, weight = (torch.from_numpy(np.stack([getattr(t, k) for t in wanted])) for k in ("heat", "weight"))
    shape = torch.from_numpy(np.stack([t.shape for t in wanted]))
    centre = torch.from_numpy(np.stack([t.centre for t in wanted]))
    log_yes, log_no = functional.logsigmoid(answer[:, 0]), functional.logsigmoid(-answer[:, 0])
    yes = log_yes.exp()
    near = torch.where(centre, (1 - yes).square() * log_yes, (1 - heat).pow(4) * yes.square() * log_no)
    people = max(int(centre.sum()), 1)
    error = (answer[:, 1:] - shape).abs().sum(1)[centre].sum()
    return (-(near * weight).sum() + error) / people


def fit(
    network: PersonNetwork, frames: list[Labelled], steps: int, seed: int, work: Path, size: int, share: float
) -> None:
    """Train; each batch is a pure function of its number, so a resumed run equals an unbroken one."""
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps)
    saved, first = work / "thermal-people.pt", 0
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        first = int(state["step"])
    network.train()
    began, total = time.perf_counter(), 0.0
    with Progress() as progress:
        bar = progress.add_task("training", total=steps, completed=first)
        for step in range(first, steps):
            images, wanted = batch(frames, size, share, np.random.default_rng([seed, 0, step]))
            loss = loss_of(network(torch.from_numpy(images)), wanted)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
            progress.advance(bar)
            if (step + 1) % 50 == 0 or step + 1 == steps:
                torch.save(
                    {
                        "network": network.state_dict(),
                        "optimiser": optimiser.state_dict(),
                        "schedule": schedule.state_dict(),
                        "step": step + 1,
                    },
                    saved,
                )
                seconds = time.perf_counter() - began
                print(f"  step {step + 1}/{steps}: loss {total / 50:.3f}, {seconds:.0f} s", flush=True)
                total = 0.0
    network.eval()


def export(network: PersonNetwork, card: DetectorCard, path: Path) -> None:
    """Write the network, rows and columns left open, with its card as one ONNX file."""
    rows, columns = torch.export.Dim("rows", min=4, max=64), torch.export.Dim("columns", min=4, max=64)
    program = torch.onnx.export(
        network, (torch.zeros(1, 1, 128, 160),), dynamo=True, external_data=False, verbose=False,
        dynamic_shapes=({2: DEEPEST * rows, 3: DEEPEST * columns},),
    )  # fmt: skip
    write_onnx(program, card, path)


def code_sha256() -> str:
    """Return a hash of the sources that make the batches and the network."""
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for name in _SOURCES:
        digest.update(name.encode() + b"\0" + (root / name).read_bytes())
    return digest.hexdigest()


def judge(detector: PersonDetector, frames: list[Labelled]) -> list[Matched]:
    """Match what the exported file finds in labelled frames."""
    return [
        match(detector.detect(f.image.astype(np.float32), lowest=0.02), f.persons, f.ignored) for f in frames
    ]


def choose_threshold(detector: PersonDetector, matched: list[Matched], seed: int) -> tuple[float, str]:
    """Return the lowest threshold that keeps three promises on validation frames.

    Precision of its boxes; at most one in ten real frames without people, and one in twenty simulated
    yards without people, in which a person is claimed. The simulated ones are crowded with animals and
    hot things, as no yard is.
    """
    scores, precision, recall = precision_recall(matched)
    enough = np.flatnonzero(precision >= WANTED_PRECISION)
    precise = float(scores[enough[-1]]) if enough.size else 0.99
    real = [float(m.scores.max(initial=0.0)) for m in matched if m.persons == 0]
    yards = []
    for k in range(VALIDATION_YARDS):
        image, _ = yard_frame(np.random.default_rng([seed, 1, k]), (240, 320), people=False)
        found = detector.detect(image, lowest=0.02)
        yards.append(found[0].score if found else 0.0)
    threshold = max(precise, silent(real, 0.1), silent(yards, 0.05))
    threshold = min(math.ceil(threshold * 1000) / 1000, 0.99)
    at = int((scores >= threshold).sum())
    text = (
        f"validation part: precision {precision[at - 1] if at else 1.0:.3f}, recall "
        f"{recall[at - 1] if at else 0.0:.3f}; a person claimed in {sum(h >= threshold for h in real)} of "
        f"{len(real)} real frames and {sum(h >= threshold for h in yards)} of {VALIDATION_YARDS} simulated "
        "yards without people; chosen before the test part was read"
    )
    return threshold, text


def silent(highest: list[float], share: float) -> float:
    """Return the score above which at most this share of frames without people lies."""
    ordered = sorted(highest, reverse=True)
    return ordered[int(share * len(ordered))] + 1e-6 if ordered else 0.0


def golden(network: PersonNetwork, detector: PersonDetector, seed: int, path: Path) -> None:
    """Write frames as the network sees them and what torch answers, for a test that has no torch."""
    inputs = {}
    for name, shape in (("small", (128, 160)), ("wide", (256, 320))):
        image, _ = yard_frame(np.random.default_rng([seed, 2, shape[0]]), shape)
        with torch.no_grad():
            spread = detector.card.least_spread[""]
            centred = image - np.float32(np.median(image))
            scale = max(1.4826 * float(np.median(np.abs(centred))), spread)
            ready = torch.from_numpy(np.clip(centred / np.float32(scale), CLIP_LOW, CLIP_HIGH))[None, None]
            inputs[name], inputs[f"{name}_maps"] = image, network(ready)[0].numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **inputs)


def main() -> None:
    """Parse the command line, train, choose the threshold, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--real-share", type=float, default=0.65, help="of the crops; the rest is simulated")
    parser.add_argument("--hold-out", action="store_true", help="leave the held-out flight out of training")
    parser.add_argument("--out", type=Path, default=Path("models/weights/thermal-persons-open.onnx"))
    parser.add_argument("--golden", type=Path, default=Path("tests/models/golden-thermal-persons-open.npz"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(asked.seed)
    asked.work.mkdir(parents=True, exist_ok=True)
    names = [s["name"] for s in sequences("train") if not (asked.hold_out and s["name"] == hold_out())]
    frames = load(asked.data, names)
    network = PersonNetwork()
    parameters = sum(p.numel() for p in network.parameters())
    print(f"{parameters} parameters, {len(frames)} frames, {sum(len(f.persons) for f in frames)} people")
    fit(network, frames, asked.steps, asked.seed, asked.work, asked.batch, asked.real_share)
    checked = load(asked.data, [s["name"] for s in sequences("validation")])
    facts: dict[str, object] = {
        "name": "thermal-persons-open",
        "version": "1",
        "smallest_frame": (60, 80),
        "largest_frame": (512, 640),
        "multiple": DEEPEST,
        "stride": STRIDE,
        # K of an imager that measures; steps of grey or counts else: less is noise, not a scene
        "least_spread": {"": 1.0, "°C": 0.15, "C": 0.15, "degC": 0.15, "K": 0.15},
        "clip_low": CLIP_LOW,
        "clip_high": CLIP_HIGH,
        "overlap": 0.4,
        "threshold": 0.5,
        "threshold_chosen": "draft",
        "score_semantics": "0..1, peak of the map of centres; not a probability",
        "trained_on": f"HIT-UAV, sequences {', '.join(names)}, {asked.real_share:.0%} of the crops; "
        f"simulated yards the rest; {asked.steps} steps of {asked.batch} crops",
        "licence": "Apache-2.0 (weights); trained on data under CC BY 4.0",
        "attribution": (ATTRIBUTION,),
        "limits": "open views only, nothing through walls; real people from the air at 60 m only, 10 to 50 "
        "pixels high, in two flights; nearer ones were simulated; never saw a lorry's doors or a child",
        "splits": {p: ", ".join(s["name"] for s in sequences(p)) for p in ("train", "validation", "test")},
        "data_sha256": sha256(frames),
        "code_sha256": code_sha256(),
        "parameters": parameters,
        "validation_frames": len(checked),
        "validation_persons": sum(len(f.persons) for f in checked),
        "validation_ap50": 0.0,
    }
    facts["splits"] = {**facts["splits"], "train": ", ".join(names)}  # type: ignore[dict-item]
    export(network, DetectorCard.model_validate(facts), asked.out)
    detector = PersonDetector(asked.out)
    matched = judge(detector, checked)
    facts["validation_ap50"] = round(average_precision(matched), 4)
    facts["threshold"], facts["threshold_chosen"] = choose_threshold(detector, matched, asked.seed)
    export(network, DetectorCard.model_validate(facts), asked.out)
    detector = PersonDetector(asked.out)
    if not asked.hold_out:
        golden(network, detector, asked.seed, asked.golden)
    print(f"validation: AP50 {facts['validation_ap50']}, threshold {facts['threshold']:.3f}")
    print(f"  {facts['threshold_chosen']}")
    print(f"{asked.out}: {detector.id}, {asked.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
