"""Writes scanner/simulation/bodies.npz: people of many builds in the poses of who hides. Run once.

``python -m models.training.body_library`` needs ``anny`` 0.6.2 (Brégier et al., "Human mesh modeling for
Anny Body", 2026: code Apache-2.0, its body shapes CC0 1.0, from MakeHuman) and torch; 3 minutes on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anny
import numpy as np
import numpy.typing as npt
import torch
from anny.anthropometry import Anthropometry
from anny.shape_distribution import SimpleShapeDistribution

from models.training.body_anatomy import BONE, GAS, LUNG, SOFT, organs
from models.training.body_poses import POSES, bone_rotations, draw_angles
from models.training.body_voxels import enclosed_m3, label
from scanner.simulation.body_library import BONE_G_CM3, LUNG_G_CM3, fat_share, pack, soft_tissue_g_cm3

SEED = 20_261  # of everything drawn here; which body belongs to which split is in the file
VOXEL_M = 0.010
OUT = Path(__file__).parents[2] / "scanner" / "simulation" / "bodies.npz"
FloatArray = npt.NDArray[np.float64]

# years at least, years below, how many in train / validation / test, lowest and highest BMI (kg/m2).
# Children: WHO growth reference 2007, third to 97th percentile and somewhat beyond.
AGE_CLASSES = (
    ("child", 3.5, 5.0, (2, 1, 1), 13.5, 18.0),
    ("child", 5.0, 12.0, (3, 1, 1), 13.5, 22.0),
    ("adolescent", 12.0, 18.0, (4, 1, 1), 15.5, 27.0),
    ("adult", 18.0, 60.0, (13, 3, 3), 17.5, 34.0),
    ("elderly", 60.0, 80.0, (2, 1, 1), 18.5, 32.0),
)
HEAVIEST = 1.9  # weight on the model's scale, whose own shapes end at 1
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Body:
    """One drawn person, before any pose."""

    split: int
    age_class: str
    age_years: float
    male: bool
    shape: dict[str, float]
    stature_m: float
    volume_m3: float
    model_mass_kg: float  # what the body model itself says


class Model:
    """The body model, asked for one person at a time."""

    def __init__(self) -> None:
        self.net = anny.Anny(extrapolate_phenotypes=True).to(dtype=torch.float32)
        self.labels: list[str] = list(self.net.bone_labels)
        self.faces: npt.NDArray[np.int64] = self.net.faces.numpy().astype(np.int64)
        self.measure = Anthropometry(self.net)
        self.ages = SimpleShapeDistribution(self.net)

    def shape_age(self, years: float) -> float:
        mapping = self.ages.morphological_age_mapping
        return float(mapping.morphological_to_anny_age(torch.tensor([years], dtype=torch.float32))[0])

    def typical_height(self, male: bool, shape_age: float, rng: np.random.Generator) -> float:
        by_sex = (
            self.ages.boys_conditional_height_distribution
            if male
            else self.ages.girls_conditional_height_distribution
        )
        alpha, beta = by_sex.get_distribution_params(torch.tensor([shape_age], dtype=torch.float32))
        return float(rng.beta(float(alpha[0]), float(beta[0])))

    def pose(self, shape: dict[str, float], rotations: FloatArray | None = None) -> dict[str, Any]:
        pose = torch.eye(4)[None].repeat(len(self.labels), 1, 1)
        if rotations is not None:
            pose[:, :3, :3] = torch.as_tensor(rotations, dtype=torch.float32)
        with torch.no_grad():
            answer: dict[str, Any] = self.net(pose_parameters=pose[None], phenotype_kwargs=shape)
        return answer


def draw_bodies(model: Model, rng: np.random.Generator) -> Iterator[Body]:
    """Yield bodies with a BMI inside the range of their age class, both sexes in turn."""
    male = True
    for name, youngest, oldest, counts, lowest, highest in AGE_CLASSES:
        for split, count in enumerate(counts):
            for number in range(count):
                male = not male
                # even steps of girth: few bodies cover a wide range
                wanted = lowest + (highest - lowest) * (number + rng.random()) / count
                years = rng.uniform(youngest, oldest)
                shape_age = model.shape_age(years)
                shape = {
                    "age": shape_age,
                    "gender": rng.uniform(0.0, 0.15) if male else rng.uniform(0.85, 1.0),
                    "height": model.typical_height(male, shape_age, rng),
                    "muscle": rng.uniform(0.25, 0.8),
                    "proportions": rng.uniform(0.25, 0.75),
                }
                low, high = -0.1, HEAVIEST
                for _ in range(9):  # heavier is a higher BMI: halve to the one wanted
                    shape["weight"] = (low + high) / 2
                    facts = model.measure(model.pose(shape)["rest_vertices"])
                    if float(facts["bmi"][0]) > wanted:
                        high = shape["weight"]
                    else:
                        low = shape["weight"]
                yield Body(
                    split, name, years, male, dict(shape),
                    float(facts["height"][0]), float(facts["volume"][0]), float(facts["mass"][0]),
                )  # fmt: skip


def to_lorry(points: FloatArray) -> FloatArray:
    """Turn the model's axes (left, back, up) into x forward, y left, z up."""
    return np.stack([-points[..., 1], points[..., 0], points[..., 2]], axis=-1)


def make_entries(model: Model, number: int, body: Body) -> dict[str, npt.NDArray[Any]]:
    """Return one body's columns of the library, a row per pose."""
    rng = np.random.default_rng([SEED, number])
    rest = model.pose(body.shape)
    rest_bones = rest["rest_bone_poses"][0].double().numpy()
    heads = {name: rest_bones[i, :3, 3] for i, name in enumerate(model.labels)}
    skin = rest["rest_vertices"][0].double().numpy()
    inside = organs(heads, model.labels, skin, body.male, rng)
    bmi = body.model_mass_kg / body.stature_m**2
    soft = soft_tissue_g_cm3(fat_share(bmi, body.age_years, body.male))
    density = np.array([0.0, soft, BONE_G_CM3, LUNG_G_CM3, 0.0])
    unposed, _, _ = label(skin, model.faces, body.volume_m3, {}, VOXEL_M)
    print(
        f"body {number} {SPLITS[body.split]} {body.age_class} {'male' if body.male else 'female'} "
        f"{body.age_years:.0f} y {body.stature_m:.2f} m {body.model_mass_kg:.1f} kg BMI {bmi:.1f}; "
        f"mesh {1e3 * enclosed_m3(skin, model.faces):.2f} l, "
        f"voxels {1e3 * float((unposed > 0).sum()) * VOXEL_M**3:.2f} l",
        flush=True,
    )
    rows: dict[str, list[Any]] = {name: [] for name in ("pose", "shape", "origin_m", "mass_kg", "overlap")}
    streams = []
    for index, pose in enumerate(POSES):
        posed = model.pose(body.shape, bone_rotations(draw_angles(pose, rng), heads, model.labels))
        moves = posed["bone_poses"][0].double().numpy() @ np.linalg.inv(rest_bones)
        vertices = to_lorry(posed["vertices"][0].double().numpy())
        points = {code: to_lorry(inside.posed(code, moves)) for code in inside.points}
        labels, origin, lost = label(vertices, model.faces, body.volume_m3, points, VOXEL_M)
        litres = 1e3 * VOXEL_M**3 * np.bincount(labels.ravel(), minlength=5)
        pelvis = to_lorry(posed["bone_poses"][0, 0, :3, 3].double().numpy())
        streams.append(pack(labels))
        rows["pose"].append(index)
        rows["shape"].append(labels.shape)
        rows["origin_m"].append((origin[0] - pelvis[0], origin[1] - pelvis[1], 0.0))
        rows["mass_kg"].append(float(litres @ density))
        rows["overlap"].append(lost)
        print(
            f"  {pose}: {rows['mass_kg'][-1]:.1f} kg, overlap {lost:+.3f}, soft {litres[SOFT]:.2f}, "
            f"bone {litres[BONE]:.2f}, lung {litres[LUNG]:.2f}, gas {litres[GAS]:.2f} l, "
            f"{len(streams[-1])} bytes",
            flush=True,
        )
    return {
        "entry_pose": np.array(rows["pose"], np.uint8),
        "entry_shape": np.array(rows["shape"], np.uint16),
        "entry_origin_m": np.array(rows["origin_m"], np.float32),
        "entry_mass_kg": np.array(rows["mass_kg"], np.float32),
        "entry_overlap": np.array(rows["overlap"], np.float32),
        "length": np.array([len(stream) for stream in streams], np.int64),
        "stream": np.frombuffer(b"".join(streams), np.uint8),
    }


def main() -> None:
    """Draw bodies, pose them, fill them and write the library."""
    options = argparse.ArgumentParser()
    options.add_argument("--only", type=int, nargs="*", help="numbers of bodies to make, for a look")
    options.add_argument("--out", type=Path, default=OUT)
    options.add_argument("--parts", type=Path, help="folder that keeps finished bodies, to go on from")
    chosen = options.parse_args()
    model = Model()
    bodies = list(enumerate(draw_bodies(model, np.random.default_rng(SEED))))
    bodies = [bodies[number] for number in chosen.only] if chosen.only else bodies
    made = []
    for number, body in bodies:
        part = chosen.parts / f"{number}.npz" if chosen.parts else None
        if part is not None and part.exists():
            with np.load(part) as kept:
                made.append(dict(kept))
            continue
        made.append(make_entries(model, number, body))
        if part is not None:
            np.savez(part, **made[-1])
    people = [body for _, body in bodies]
    columns = {name: np.concatenate([piece[name] for piece in made]) for name in made[0]}
    columns["entry_end"] = np.cumsum(columns.pop("length"))
    columns["entry_body"] = np.repeat(np.arange(len(people), dtype=np.uint16), len(POSES))
    classes = list(dict.fromkeys(row[0] for row in AGE_CLASSES))
    np.savez(
        chosen.out,
        voxel_m=np.array(VOXEL_M),
        seed=np.array(SEED),
        source=np.array("anny 0.6.2 (code Apache-2.0); body shapes from MakeHuman (CC0 1.0)"),
        pose_names=np.array(list(POSES)),
        split_names=np.array(SPLITS),
        age_class_names=np.array(classes),
        body_split=np.array([b.split for b in people], np.uint8),
        body_age_class=np.array([classes.index(b.age_class) for b in people], np.uint8),
        body_age_years=np.array([b.age_years for b in people], np.float32),
        body_male=np.array([b.male for b in people]),
        body_stature_m=np.array([b.stature_m for b in people], np.float32),
        body_mesh_l=np.array([1e3 * b.volume_m3 for b in people], np.float32),
        body_model_mass_kg=np.array([b.model_mass_kg for b in people], np.float32),
        **columns,
    )
    size = chosen.out.stat().st_size
    print(f"{chosen.out}: {len(people)} bodies, {columns['entry_end'].size} entries, {size} bytes")


if __name__ == "__main__":
    main()
