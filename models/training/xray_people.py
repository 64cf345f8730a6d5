"""Trains the X-ray person model: ``python -m models.training.xray_people --store FOLDER --work FOLDER``.

Each step shows some lorries as a drawn scanner sees them, each with its people and without.
The network learns where people are, where the load space is, and a score that is higher for
the occupied one. Half of the lorries are chosen evenly, half by how wrong the network was on
them. A run that was stopped goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Sampler

from models.runtime import ImageModel
from models.training.xray_augment import Widths, shown
from models.training.xray_networks import MEAN, PEOPLE, SCALE, SCORE, SPACE, PersonUNet
from models.training.xray_pictures import SHAPE
from models.training.xray_start import start_from
from models.training.xray_store import BEAMS, Store

CLIP = (-0.5, 8.0)
SURE_CELLS = 4
"""A scene with fewer visible cells counts as neither occupied nor empty."""
START_PAIRS = 64
NETWORKS = ("plain", "context")
LOSSES = ("pixels", "scene", "twins")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that one training run depends on.

    Parameters
    ----------
    network : "plain" or "context" blocks.
    loss : "pixels" alone (the score is the people's map), with the "scene" score, or that with its "twins".
    left_out : loads, bodies or faults that are never shown.
    start : file that training goes on from, None = from nothing.
    """

    seed: int = 1
    steps: int = 12_000
    pairs: int = 8
    width: int = 48
    network: str = "context"
    loss: str = "twins"
    learning_rate: float = 2e-3
    left_out: tuple[str, ...] = ()
    start: str | None = None


def build(recipe: Recipe) -> PersonUNet:
    """Return the untrained network of a recipe."""
    torch.manual_seed(recipe.seed)
    return PersonUNet(SHAPE, recipe.width, recipe.network == "context", recipe.loss != "pixels")


class Pairs(Dataset[tuple[Tensor, ...]]):
    """Lorries at one beam: planes and truth of the occupied picture and of its twin."""

    def __init__(self, store: Store, recipe: Recipe) -> None:
        self.store, self.seed = store, recipe.seed
        self.widths = Widths(left_out=frozenset(recipe.left_out))
        left_out = set(recipe.left_out)
        self.chosen = [
            i for i, facts in enumerate(store.facts) if not {facts["load"], facts["body"]} & left_out
        ]

    def __len__(self) -> int:
        return len(self.chosen) * len(BEAMS)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, ...]:  # type: ignore[override]
        item, turn = key
        index, beam = self.chosen[item // len(BEAMS)], item % len(BEAMS)
        rng = np.random.default_rng([self.seed, turn])
        occupied, empty = (self.store.picture(index, beam, o).astype(np.float32) for o in (True, False))
        box = self.store.facts[index]["box"]
        assert isinstance(box, list)
        two = shown((occupied, empty), self.store.people(index), box, rng, self.widths)
        return (
            torch.from_numpy(np.stack([planes_of(one.attenuation, one.clear, beam) for one in two])),
            torch.from_numpy(np.stack([np.stack([one.people, one.unsure, one.space]) for one in two])),
            torch.tensor([one.first_row for one in two]),
            torch.tensor(item),
        )


def planes_of(
    attenuation: npt.NDArray[np.float32], clear: npt.NDArray[np.float32], beam: int
) -> npt.NDArray[np.float32]:
    """Return the planes that the network is given, ``(3, rows, columns)``."""
    ready = (np.clip(attenuation, *CLIP) - MEAN) / SCALE
    return np.stack([ready, clear, np.full_like(clear, float(beam))]).astype(np.float32)


class Mining(Sampler[list[tuple[int, int]]]):
    """Batches of (lorry at a beam, turn): half of them evenly, half by the loss of the last time."""

    def __init__(self, size: int, recipe: Recipe, first_step: int) -> None:
        self.loss = np.ones(size)
        self.recipe, self.first_step = recipe, first_step

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for step in range(self.first_step, self.recipe.steps):
            rng = np.random.default_rng([self.recipe.seed, 7, step])
            half = self.recipe.pairs // 2
            share = self.loss / self.loss.sum()
            items = np.concatenate(
                [
                    rng.integers(self.loss.size, size=self.recipe.pairs - half),
                    rng.choice(self.loss.size, size=half, p=share),
                ]
            )
            yield [(int(item), step * self.recipe.pairs + n) for n, item in enumerate(items)]

    def learn(self, items: Tensor, losses: Tensor) -> None:
        """Remember how wrong the network was."""
        at = items.numpy()
        self.loss[at] = 0.5 * self.loss[at] + 0.5 * np.clip(losses.numpy(), 0.02, 5.0)


def losses(maps: Tensor, truth: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Return the loss and each pair's scene loss.

    Parameters
    ----------
    maps : ``(2 * pairs, 3, rows, columns)``, the occupied picture before its twin.
    truth : people, unsure, space of the same.
    """
    people, unsure, space = truth[:, 0], truth[:, 1], truth[:, 2]
    weight = (1 - unsure) * (1 + 3 * people)
    pixels = functional.binary_cross_entropy_with_logits(maps[:, PEOPLE], people, weight)
    room = functional.binary_cross_entropy_with_logits(maps[:, SPACE], space)
    scores = scene_scores(maps).view(-1, 2)
    cells = people.view(-1, 2, *people.shape[1:])[:, 0].sum(dim=(1, 2))
    sure = (cells >= SURE_CELLS).float()
    occupied, empty = functional.softplus(-scores[:, 0]) * sure, functional.softplus(scores[:, 1])
    twins = functional.softplus(2.0 - (scores[:, 0] - scores[:, 1])) * sure
    each = occupied + empty + (twins if recipe.loss == "twins" else 0)
    total = 4 * pixels + 0.3 * room
    if recipe.loss != "pixels":
        total = total + 0.15 * each.mean()
    return total, each.detach()


def scene_scores(maps: Tensor) -> Tensor:
    """Return each picture's score as the runtime sums it."""
    return torch.logsumexp(maps[:, SCORE].flatten(1), dim=1)


def train(
    recipe: Recipe, store: Store, work: Path, workers: int, minutes: float | None = None
) -> tuple[PersonUNet, int]:
    """Train from the last checkpoint in ``work`` or from nothing; returns the averaged network and its steps.

    ``minutes`` ends a run early, at equal time for comparisons: the schedule follows the clock then.
    """
    data = Pairs(store, recipe)
    network = build(recipe)
    if recipe.start is not None:
        start_from(network, Path(recipe.start), _some(data))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=1e-3)
    work.mkdir(parents=True, exist_ok=True)
    checkpoint, first, spent = work / "checkpoint.pt", 0, 0.0
    mining = Mining(len(data), recipe, 0)
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=False)
        if kept["recipe"] != asdict(recipe):
            raise SystemExit(f"{checkpoint} is of another recipe: choose another --work")
        network.load_state_dict(kept["network"])
        average.load_state_dict(kept["average"])
        optimiser.load_state_dict(kept["optimiser"])
        mining.loss, first, spent = kept["loss"], kept["step"], kept["seconds"]
        mining.first_step = first
    loader = DataLoader(
        data, batch_sampler=mining, num_workers=workers, prefetch_factor=3, persistent_workers=False
    )
    began, sums, seen, taken = time.perf_counter(), np.zeros(2), 0, first
    network.train()
    for step, (planes, truth, first_rows, items) in enumerate(loader, first):
        elapsed = spent + time.perf_counter() - began
        progress = step / recipe.steps if minutes is None else elapsed / (60 * minutes)
        if progress >= 1:
            break
        rate = recipe.learning_rate * min(progress / 0.03 + 0.02, 1.0, max((1 - progress) / 0.7, 0.005))
        for group in optimiser.param_groups:
            group["lr"] = rate
        planes = planes.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            maps = network(planes, first_rows.flatten())
        loss, each = losses(maps.float(), truth.flatten(0, 1), recipe)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        average.update_parameters(network)
        taken = step + 1
        mining.learn(items, each)
        sums += (float(loss.detach()), float(each.mean()))
        seen += 1
        if (step + 1) % 100 == 0:
            print(
                f"  step {step + 1}/{recipe.steps}: loss {sums[0] / seen:.4f}, scenes {sums[1] / seen:.3f}, "
                f"{elapsed:.0f} s",
                flush=True,
            )
            sums, seen = np.zeros(2), 0
        if (step + 1) % 500 == 0:
            _keep(checkpoint, recipe, network, average, optimiser, mining, step + 1, elapsed)
    spent += time.perf_counter() - began
    _keep(checkpoint, recipe, network, average, optimiser, mining, taken, spent)
    trained = average.module.eval()
    assert isinstance(trained, PersonUNet)
    return trained, taken


def _some(data: Pairs) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield pictures to count norms over, each occupied one and its twin."""
    for turn, item in enumerate(np.linspace(0, len(data) - 1, START_PAIRS).astype(int)):
        planes, _, first_rows, _ = data[int(item), 2**40 + turn]
        yield planes, first_rows


def _keep(
    path: Path,
    recipe: Recipe,
    network: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    mining: Mining,
    step: int,
    seconds: float,
) -> None:
    part = path.with_suffix(".part")
    torch.save(
        {
            "recipe": asdict(recipe),
            "network": network.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "loss": mining.loss,
            "step": step,
            "seconds": seconds,
        },
        part,
    )
    part.replace(path)


def arguments() -> argparse.ArgumentParser:
    """Return the options of a recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="scenes of models.training.xray_store")
    parser.add_argument("--work", type=Path, required=True, help="checkpoint and network of this run")
    parser.add_argument("--minutes", type=float, help="train by the clock, not by steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    for name, value in asdict(Recipe()).items():
        option = f"--{name.replace('_', '-')}"
        if name == "left_out":
            parser.add_argument(option, nargs="*", default=[], metavar="NAME")
        elif name == "start":
            parser.add_argument(option, metavar="FILE", help="go on from this ONNX file")
        else:
            choices = {"network": NETWORKS, "loss": LOSSES}.get(name)
            parser.add_argument(option, type=type(value), default=value, choices=choices)
    return parser


def main() -> None:
    """Parse the command line and train."""
    asked = arguments().parse_args()
    torch.set_num_threads(asked.threads)
    chosen = {name: getattr(asked, name) for name in asdict(Recipe())}
    recipe = Recipe(**chosen | {"left_out": tuple(asked.left_out)})
    store = Store(asked.store / "train")
    network, taken = train(recipe, store, asked.work, asked.workers, asked.minutes)
    torch.save(network.state_dict(), asked.work / "network.pt")
    start = None if recipe.start is None else ImageModel(Path(recipe.start)).id
    text = json.dumps(asdict(recipe) | {"start": start, "taken": taken, "lorries": len(store)})
    (asked.work / "recipe.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
