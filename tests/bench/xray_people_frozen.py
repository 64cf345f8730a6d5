"""What was settled before the held-out scenes were looked at: model, thresholds, ranges and code.

``--freeze`` writes `FROZEN` from the model's card and the files as they are. A judgement starts only when
nothing differs from it: whoever changes the model, a threshold, a range or how scores are summed has to
freeze anew, and the repository's history tells that it was done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.card import ModelCard
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.cargo import Load
from tests.bench.xray_people_judge import NOMINAL_KV
from tests.bench.xray_people_trials import DECLARED, RANGES

ROOT = Path(__file__).resolve().parents[2]
FROZEN = Path(__file__).with_name("xray_people_frozen.json")

FALSE_ALARMS = 0.01

CODE: dict[str, tuple[str, ...]] = {
    "aggregation": ("models/card.py", "models/runtime.py"),
    "scenes": (
        "models/training/xray_pictures.py",
        "scanner/simulation/attenuation.csv",
        "scanner/simulation/attenuation.py",
        "scanner/simulation/bodies.npz",
        "scanner/simulation/body_library.py",
        "scanner/simulation/priors.py",
        "scanner/simulation/voxel_turning.py",
        "scanner/simulation/xray/*.py",
        "tests/bench/xray_people_trials.py",
    ),
    "chain": ("calibration/line_*.py", "scanner/signals/xray*.py"),
    "evidence": ("calibration/evidence.py", "scanner/modalities/xray*.py"),
    "judgement": ("tests/bench/xray_people_answers.py", "tests/bench/xray_people_judge.py"),
    "figures": ("tests/bench/xray_people_scoring.py",),
}
"""Files by what a change of them would change."""

MAPPINGS = Path("calibration") / "evidence.json"
"""Of it the X-ray mappings count: what other methods weigh changes nothing here."""


class NotFrozen(Exception):
    """Something differs from what was settled, or nothing was settled yet."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What was settled.

    Parameters
    ----------
    hashes : SHA-256 by name: ``model``, ``ranges``, ``mappings`` of scores and the keys of `CODE`.
    thresholds : score above which a picture alarms, by beam and load.
    conditions : which of the card's conditions each threshold is of.
    """

    model: str
    hashes: dict[str, str]
    thresholds: dict[str, dict[str, float]]
    conditions: dict[str, dict[str, str]]

    @property
    def version(self) -> str:
        """Short name of all hashes that answers depend on; how figures are counted is not among them.

        >>> Frozen("a", {"model": "00"}, {}, {}).version
        'cc9da101'
        """
        own = {name: value for name, value in self.hashes.items() if name != "figures"}
        text = json.dumps(own, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]

    def threshold(self, beam: str, load: str) -> float:
        """Return the score above which a picture of a load alarms."""
        return self.thresholds[beam][load]


def sha256_of(paths: Iterable[Path]) -> str:
    """Return one hash of files and their names.

    Raises
    ------
    NotFrozen : there are none, or one cannot be read.
    """
    digest, some = hashlib.sha256(), False
    for path in sorted(paths):
        some = True
        try:
            content = path.read_bytes()
        except OSError as error:
            raise NotFrozen(f"cannot read {path} ({error.strerror}): name the right file") from error
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    if not some:
        raise NotFrozen("files that the judgement depends on have moved: correct CODE")
    return digest.hexdigest()


def settle(model: Path, card: ModelCard, ranges: Path = RANGES, root: Path = ROOT) -> Frozen:
    """Return what is to be frozen of a model and the files as they are.

    Raises
    ------
    NotFrozen : a file is missing, or the card has no threshold for a beam and load.
    """
    hashes = {"model": sha256_of([model]), "ranges": sha256_of([ranges])}
    for name, patterns in CODE.items():
        hashes[name] = sha256_of(path for pattern in patterns for path in _found(root, pattern))
    hashes["mappings"] = _mappings_sha256(root)
    thresholds: dict[str, dict[str, float]] = {}
    conditions: dict[str, dict[str, str]] = {}
    for beam in Beam:
        for load in Load:
            condition, limit = threshold_of(card, beam, load)
            thresholds.setdefault(beam.value, {})[load.value] = limit
            conditions.setdefault(beam.value, {})[load.value] = condition
    return Frozen(f"{card.name} {card.version}", hashes, thresholds, conditions)


def _mappings_sha256(root: Path) -> str:
    sha256_of([root / MAPPINGS])  # says what is wrong with the file
    scores = json.loads((root / MAPPINGS).read_text(encoding="utf-8"))["scores"]
    own = [one for one in scores if one["modality"] == "xray"]
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode("utf-8")).hexdigest()


def _found(root: Path, pattern: str) -> list[Path]:
    found = list(root.glob(pattern))
    if not found:
        raise NotFrozen(f"no file {pattern} under {root}: correct CODE")
    return found


def threshold_of(card: ModelCard, beam: Beam, load: Load) -> tuple[str, float]:
    """Return the card's threshold for a load: of the load itself, else of its declared cargo, else of all.

    Raises
    ------
    NotFrozen : the card names none.
    """
    kv = NOMINAL_KV[beam]
    known = [b.name for b in card.beams if b.low_kv <= kv <= b.high_kv]
    cargo = DECLARED.get(load)
    for condition in (load.value, load.name.lower(), "boxed" if cargo is None else cargo.value, "all"):
        fitting = [
            t
            for t in card.thresholds
            if t.beam in known and t.condition == condition and abs(t.false_alarms - FALSE_ALARMS) < 1e-9
        ]
        if len(fitting) > 1:
            raise NotFrozen(
                f"{card.name}: several thresholds for {beam.value}, {condition}: correct the card"
            )
        if fitting:
            return condition, fitting[0].threshold
    raise NotFrozen(
        f"{card.name}: its card has no threshold for {beam.value}, {load.value} at {FALSE_ALARMS:g} false "
        "alarms: choose thresholds on validation scenes and write them into the card"
    )


def write(frozen: Frozen, path: Path = FROZEN) -> None:
    """Write the file to commit."""
    text = json.dumps(
        {
            "model": frozen.model,
            "false_alarms": FALSE_ALARMS,
            "sha256": frozen.hashes,
            "thresholds": frozen.thresholds,
            "conditions": frozen.conditions,
        },
        indent=1,
    )
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path = FROZEN) -> Frozen:
    """Read what was frozen.

    Raises
    ------
    NotFrozen : there is no such file, or it is damaged.
    """
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Frozen(told["model"], told["sha256"], told["thresholds"], told["conditions"])
    except FileNotFoundError as error:
        raise NotFrozen(f"nothing is frozen yet: run with --freeze and commit {path.name}") from error
    except (ValueError, KeyError) as error:
        raise NotFrozen(f"{path.name} is damaged ({error}): restore it from the repository") from error


def differences(frozen: Frozen, now: Frozen) -> list[str]:
    """Return in words what is not as it was frozen."""
    out = [
        f"{name} changed: {frozen.hashes.get(name, 'nothing')[:12]} was frozen, now {value[:12]}"
        for name, value in now.hashes.items()
        if frozen.hashes.get(name) != value
    ]
    out += [
        f"{name} was frozen and is not known any more" for name in frozen.hashes if name not in now.hashes
    ]
    for beam, by_load in now.thresholds.items():
        for load, limit in by_load.items():
            was = frozen.thresholds.get(beam, {}).get(load)
            if was != limit:
                out.append(f"threshold for {beam}, {load}: {was} was frozen, now {limit}")
    return out


def check(frozen: Frozen, now: Frozen) -> None:
    """Refuse to go on when anything differs.

    Raises
    ------
    NotFrozen : with everything that differs.
    """
    found = differences(frozen, now)
    if found:
        raise NotFrozen(
            "not what was frozen: " + "; ".join(found) + ". Restore the files, or freeze anew and say why"
        )
