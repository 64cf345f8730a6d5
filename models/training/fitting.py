"""Fits a network to scenes, exports it with its card, and reports what it reaches on held-out ones."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.card import CARD_KEY, ModelCard, OperatingPoint, Pooling, Preprocessing
from models.runtime import ImageModel
from models.training import figures
from models.training.scenes import Scene, code_sha256, seed_text

MakeScene = Callable[[int, str, int], Scene]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that one training run depends on."""

    seed: int
    n_train: int
    n_validation: int
    n_test: int
    epochs: int
    batch: int
    learning_rate: float
    people_weight: float
    scene_weight: float


@dataclass(frozen=True, slots=True)
class Batchable:
    """Scenes as arrays; images float16 to fit in memory."""

    images: npt.NDArray[np.float16]
    people: npt.NDArray[np.bool_]
    spaces: npt.NDArray[np.bool_]
    occupied: npt.NDArray[np.bool_]

    def sha256(self) -> str:
        digest = hashlib.sha256(self.images.tobytes())
        digest.update(np.packbits(self.people).tobytes() + np.packbits(self.occupied).tobytes())
        return digest.hexdigest()


def collect(make: MakeScene, seed: int, split: str, count: int) -> Batchable:
    """Make the scenes of a split, saying how far it is."""
    began = time.perf_counter()
    scenes = []
    for index in range(count):
        scenes.append(make(seed, split, index))
        if (index + 1) % max(count // 5, 1) == 0:
            print(f"  {split}: {index + 1}/{count} scenes, {time.perf_counter() - began:.0f} s", flush=True)
    return Batchable(
        np.stack([s.image for s in scenes]).astype(np.float16),
        np.stack([s.people for s in scenes]),
        np.stack([s.space for s in scenes]),
        np.array([s.occupied for s in scenes]),
    )


def _pooled(logits: Tensor, spaces: Tensor, size: int) -> Tensor:
    """Return the score of each scene as the runtime computes it: highest box mean in the space."""
    means = functional.avg_pool2d(logits, size, 1, size // 2, count_include_pad=False)
    return torch.where(spaces, means, -30.0).amax(dim=(1, 2, 3))


def fit(network: nn.Module, data: Batchable, recipe: Recipe, how: Preprocessing, box_px: int) -> None:
    """Train a network: pixels where people are, and the pooled score of the scene.

    The loss of pixels outside the load space counts little: they are never scored.
    """
    began = time.perf_counter()
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=1e-4)
    steps = recipe.epochs * (len(data.occupied) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, steps)
    order_rng = np.random.default_rng([recipe.seed, 99])
    network.train()
    for epoch in range(recipe.epochs):
        order = order_rng.permutation(len(data.occupied))
        total, count = 0.0, 0
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            chosen = order[start : start + recipe.batch]
            images = torch.from_numpy(data.images[chosen].astype(np.float32))[:, None]
            images = (images.clamp(how.clip_low, how.clip_high) - how.mean) / how.scale
            logits = network(images)
            size = logits.shape[-2:]
            people = functional.adaptive_max_pool2d(
                torch.from_numpy(data.people[chosen]).float()[:, None], size
            )
            spaces = functional.interpolate(torch.from_numpy(data.spaces[chosen]).float()[:, None], size) > 0
            occupied = torch.from_numpy(data.occupied[chosen]).float()
            weight = (0.1 + 0.9 * spaces) * (1 + (recipe.people_weight - 1) * people)
            pixels = functional.binary_cross_entropy_with_logits(logits, people, weight)
            scene = functional.binary_cross_entropy_with_logits(_pooled(logits, spaces, box_px), occupied)
            loss = pixels + recipe.scene_weight * scene
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total, count = total + float(loss.detach()), count + 1
        seconds = time.perf_counter() - began
        print(f"  epoch {epoch + 1}/{recipe.epochs}: loss {total / count:.4f}, {seconds:.0f} s", flush=True)
    network.eval()


def export(network: nn.Module, card: ModelCard, path: Path) -> None:
    """Write the network with its card as one ONNX file."""
    example = torch.zeros(1, len(card.planes), *card.input_shape)
    program = torch.onnx.export(network, (example,), dynamo=True, external_data=False, verbose=False)
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:  # traces of the machine that exported it
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
        value.doc_string = ""
    del model.metadata_props[:]
    model.metadata_props.add(key=CARD_KEY, value=card.model_dump_json())
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def score_split(
    model: ImageModel, make: MakeScene, seed: int, split: str, count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], list[str]]:
    """Score a split with the exported file through the runtime, as the product does."""
    scores, occupied, groups = np.zeros(count), np.zeros(count, bool), []
    for index in range(count):
        scene = make(seed, split, index)
        scores[index] = model.infer(scene.image, scene.space).score
        occupied[index] = scene.occupied
        groups.append(scene.group)
    return scores, occupied, groups


def run(
    network: nn.Module,
    make: MakeScene,
    recipe: Recipe,
    facts: dict[str, object],
    out: Path,
    golden: Path,
) -> None:
    """Make scenes, fit, export, judge on held-out seeds, write the golden answer, print the table."""
    torch.manual_seed(recipe.seed)
    how, pooling = facts["preprocessing"], facts["pooling"]
    assert isinstance(how, Preprocessing)
    assert isinstance(pooling, Pooling)
    print(f"{facts['name']}: {sum(p.numel() for p in network.parameters())} parameters", flush=True)
    data = collect(make, recipe.seed, "train", recipe.n_train)
    fit(network, data, recipe, how, pooling.box_px)

    def card(area: float, point: OperatingPoint) -> ModelCard:
        counts = {"train": recipe.n_train, "validation": recipe.n_validation, "test": recipe.n_test}
        return ModelCard.model_validate(
            facts
            | {
                "seeds": {split: seed_text(recipe.seed, split, n) for split, n in counts.items()},
                "data_sha256": data.sha256(),
                "code_sha256": code_sha256(),
                "parameters": sum(p.numel() for p in network.parameters()),
                "auc": round(area, 4),
                "operating_point": point,
            }
        )

    draft = OperatingPoint(threshold=0.0, test_empty=0, test_false_alarms=0, test_occupied=0, test_detected=0)
    export(network, card(0.5, draft), out)
    model = ImageModel(out)
    scores, occupied, _ = score_split(model, make, recipe.seed, "validation", recipe.n_validation)
    threshold = figures.threshold_at(scores, occupied, 0.01)
    print(f"  validation: AUC {figures.auc(scores, occupied):.3f}, 1 % threshold {threshold:.3f}", flush=True)
    scores, occupied, groups = score_split(model, make, recipe.seed, "test", recipe.n_test)
    point = OperatingPoint(
        threshold=threshold,
        test_empty=int((~occupied).sum()),
        test_false_alarms=int((scores[~occupied] > threshold).sum()),
        test_occupied=int(occupied.sum()),
        test_detected=int((scores[occupied] > threshold).sum()),
    )
    export(network, card(figures.auc(scores, occupied), point), out)
    _write_golden(network, ImageModel(out), make(recipe.seed, "test", 1), how, golden)
    print(figures.table(scores, occupied, groups, threshold), flush=True)
    print(f"{out}: {ImageModel(out).id}, {out.stat().st_size / 1e6:.2f} MB", flush=True)


def _write_golden(
    network: nn.Module, model: ImageModel, scene: Scene, how: Preprocessing, path: Path
) -> None:
    """Write an input and what torch answers to it, for a test that has no torch."""
    image = scene.image.astype(np.float16)
    with torch.no_grad():
        ready = torch.from_numpy(image.astype(np.float32))[None, None].clamp(how.clip_low, how.clip_high)
        logits = network((ready - how.mean) / how.scale)
        spaces = functional.interpolate(torch.from_numpy(scene.space).float()[None, None], logits.shape[-2:])
        score = _pooled(logits, spaces > 0, model.card.pooling.box_px)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path, image=image, space=scene.space, logits=logits[0, 0].numpy(), score=score.numpy()
    )
