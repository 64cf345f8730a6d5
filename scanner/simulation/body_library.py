"""People to hide in a simulated lorry: a library of voxel bodies in many poses, ready to place.

The library is data (``bodies.npz``), written by ``models/training/body_library.py``.
"""

from __future__ import annotations

import lzma
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scanner.simulation.voxel_turning import Turn, organ, smooth

Split = Literal["train", "validation", "test"]
Volume = npt.NDArray[np.float32]

CLASSES = ("soft_tissue", "bone", "lung", "gas")  # labels 1 to 4; 0 is the air around
# whole bones with marrow, and inflated lung; ICRU Report 46 (1992), soft tissue see `soft_tissue_g_cm3`
BONE_G_CM3, LUNG_G_CM3 = 1.40, 0.26
_FILTERS: list[dict[str, Any]] = [
    {"id": lzma.FILTER_LZMA2, "preset": 6, "nice_len": 273, "lc": 1, "lp": 0, "pb": 0}
]
_PAD = 3  # voxels of air around a body, for the smoothing


def fat_share(bmi: float, age_years: float, male: bool) -> float:
    """Return the share of fat in a body's mass.

    References
    ----------
    Deurenberg, Weststrate & Seidell, British Journal of Nutrition 65 (1991) 105-114; children
    up to 15 years have a formula of their own.

    Examples
    --------
    >>> round(fat_share(24.0, 30.0, male=True), 3)
    0.195
    """
    if age_years <= 15.0:
        percent = 1.51 * bmi - 0.70 * age_years - 3.6 * male + 1.4
    else:
        percent = 1.20 * bmi + 0.23 * age_years - 10.8 * male - 5.4
    return float(np.clip(percent / 100.0, 0.05, 0.5))


def soft_tissue_g_cm3(fat: float) -> float:
    """Return the density of lean soft tissue, 1.06 g/cm3, with a share of fat, 0.95 g/cm3 (ICRU Report 44).

    Examples
    --------
    >>> soft_tissue_g_cm3(0.0), round(soft_tissue_g_cm3(0.25), 3)
    (1.06, 1.03)
    """
    return 1.0 / (fat / 0.95 + (1.0 - fat) / 1.06)


def pack(labels: npt.NDArray[np.uint8]) -> bytes:
    """Return class labels (n_x, n_y, n_z) as the library stores them; `BodyEntry.labels` reads them."""
    return lzma.compress(labels.transpose(2, 0, 1).tobytes(), format=lzma.FORMAT_RAW, filters=_FILTERS)


@dataclass(frozen=True, slots=True)
class BodyEntry:
    """One body in one pose.

    Parameters
    ----------
    body : number of the person; the same person has one entry per pose, all in one split.
    pose : name of the pose.
    age_class : child (to 12 years), adolescent, adult, elderly (from 60).
    stature_m : standing height.
    mass_kg : of the voxels with their densities.
    mesh_l : volume inside the body's surface as it stood, litres.
    model_mass_kg : what the body model says, at 0.98 g/cm3 throughout.
    fat_share : of the mass, from the body-mass index.
    shape : voxels along x forward, y left, z up.
    voxel_m : edge of a voxel.
    origin_m : lowest corner against the middle of the pelvis in x and y, and against the support in z.
    """

    body: int
    pose: str
    split: Split
    age_class: str
    age_years: float
    male: bool
    stature_m: float
    mass_kg: float
    mesh_l: float
    model_mass_kg: float
    fat_share: float
    shape: tuple[int, int, int]
    voxel_m: float
    origin_m: tuple[float, float, float]
    packed: bytes = field(repr=False)

    @property
    def head_room_m(self) -> float:
        """Height that the pose needs."""
        return self.shape[2] * self.voxel_m

    @property
    def density_g_cm3(self) -> Mapping[str, float]:
        """Densities of the classes in this body."""
        return dict(
            zip(CLASSES, (soft_tissue_g_cm3(self.fat_share), BONE_G_CM3, LUNG_G_CM3, 0.0), strict=True)
        )

    def labels(self) -> npt.NDArray[np.uint8]:
        """Return the class of every voxel, (n_x, n_y, n_z), read-only: 0 air, else 1 + index in `CLASSES`."""
        return _unpacked(self.packed, self.shape)


@lru_cache(maxsize=64)
def _unpacked(packed: bytes, shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    raw = lzma.decompress(packed, format=lzma.FORMAT_RAW, filters=_FILTERS)
    n_x, n_y, n_z = shape
    return np.frombuffer(raw, np.uint8).reshape(n_z, n_x, n_y).transpose(1, 2, 0)


@dataclass(frozen=True, slots=True)
class PlacedBody:
    """A body turned into its place.

    Parameters
    ----------
    occupancy : by class, float32 (n_x, n_y, n_z): the share of each voxel that is filled, 0..1.
    voxel_m : edge of a voxel.
    low_m : lowest corner of the volume against the pelvis in x and y, and against the support in z.
    density_g_cm3 : by class.
    fat_share : of the mass: what soft tissue is made of.
    """

    occupancy: Mapping[str, Volume]
    voxel_m: float
    low_m: tuple[float, float, float]
    density_g_cm3: Mapping[str, float]
    fat_share: float

    @property
    def extent_m(self) -> tuple[float, float, float]:
        """Size of the volume along x, y and z."""
        n_x, n_y, n_z = self.occupancy["soft_tissue"].shape
        return n_x * self.voxel_m, n_y * self.voxel_m, n_z * self.voxel_m

    def mass_kg(self) -> float:
        """Return the mass of all classes."""
        litres = 1e3 * self.voxel_m**3
        return litres * sum(
            self.density_g_cm3[name] * float(share.sum(dtype=np.float64))
            for name, share in self.occupancy.items()
        )

    def areal_g_cm2(self, axis: int) -> dict[str, Volume]:
        """Return the mass per area by class along parallel rays, summed over one axis."""
        return {
            name: np.asarray(share.sum(axis=axis), np.float32)
            * np.float32(100.0 * self.voxel_m * self.density_g_cm3[name])
            for name, share in self.occupancy.items()
        }


@dataclass(frozen=True, slots=True)
class BodyLibrary:
    """All entries; bodies of different splits are different people."""

    entries: tuple[BodyEntry, ...]

    def choose(
        self,
        rng: np.random.Generator,
        split: Split,
        room_m: float | None = None,
        length_m: float | None = None,
        poses: Collection[str] | None = None,
        age_classes: Collection[str] | None = None,
    ) -> BodyEntry:
        """Draw an entry, every fitting one equally likely.

        Parameters
        ----------
        rng : generator.
        split : which people may be drawn.
        room_m : head room that the pose must fit in.
        length_m : space along x that the pose must fit in unturned.
        poses, age_classes : names to draw from; None = all.

        Raises
        ------
        ValueError : no entry fits, as with 10 cm of head room.

        Examples
        --------
        >>> entry = library().choose(np.random.default_rng(1), "train", room_m=0.9)
        >>> entry.split, entry.head_room_m <= 0.9
        ('train', True)
        """
        fitting = [
            entry
            for entry in self.entries
            if entry.split == split
            and (room_m is None or entry.head_room_m <= room_m)
            and (length_m is None or entry.shape[0] * entry.voxel_m <= length_m)
            and (poses is None or entry.pose in poses)
            and (age_classes is None or entry.age_class in age_classes)
        ]
        if not fitting:
            raise ValueError(f"no body of split {split!r} fits: head room {room_m} m, length {length_m} m")
        return fitting[int(rng.integers(len(fitting)))]


@cache
def library() -> BodyLibrary:
    """Return the library that is shipped, read once.

    Examples
    --------
    >>> people = {entry.body for entry in library().entries}
    >>> len(people) >= 36
    True
    """
    with (
        resources.files("scanner.simulation").joinpath("bodies.npz").open("rb") as file,
        np.load(file) as data,
    ):
        columns = {name: data[name] for name in data.files}
    voxel_m, stream = float(columns["voxel_m"]), columns["stream"].tobytes()
    entries, start = [], 0
    for row, end in enumerate(columns["entry_end"].tolist()):
        body = int(columns["entry_body"][row])
        fact = {name: columns[f"body_{name}"][body] for name in ("stature_m", "mesh_l", "model_mass_kg")}
        years, male = float(columns["body_age_years"][body]), bool(columns["body_male"][body])
        n_x, n_y, n_z = columns["entry_shape"][row].tolist()
        x, y, z = columns["entry_origin_m"][row].tolist()
        entries.append(
            BodyEntry(
                body=body,
                pose=str(columns["pose_names"][columns["entry_pose"][row]]),
                split=str(columns["split_names"][columns["body_split"][body]]),  # type: ignore[arg-type]
                age_class=str(columns["age_class_names"][columns["body_age_class"][body]]),
                age_years=years,
                male=male,
                stature_m=float(fact["stature_m"]),
                mass_kg=float(columns["entry_mass_kg"][row]),
                mesh_l=float(fact["mesh_l"]),
                model_mass_kg=float(fact["model_mass_kg"]),
                fat_share=fat_share(float(fact["model_mass_kg"] / fact["stature_m"] ** 2), years, male),
                shape=(n_x, n_y, n_z),
                voxel_m=voxel_m,
                origin_m=(x, y, z),
                packed=stream[start:end],
            )
        )
        start = end
    return BodyLibrary(tuple(entries))


def placed(entry: BodyEntry, yaw_rad: float = 0.0, mirror: bool = False, scale: float = 1.0) -> PlacedBody:
    """Return one body turned about the vertical through its pelvis.

    The voxels' steps are smoothed away: a voxel at the skin holds a part, and a
    gently curved back casts no terraces.

    Parameters
    ----------
    entry : from `BodyLibrary.choose`.
    yaw_rad : 0 looks along x, pi/2 along y.
    mirror : left becomes right, before the turn.
    scale : factor on all lengths.

    Examples
    --------
    >>> entry = library().choose(np.random.default_rng(1), "train")
    >>> abs(placed(entry, 1.0, mirror=True).mass_kg() / entry.mass_kg - 1.0) < 0.01
    True
    """
    labels = entry.labels().transpose(2, 0, 1)  # layers first, as they are turned
    pad = _PAD
    n_z, n_x, n_y = (size + 2 * pad for size in labels.shape)
    x0, y0, z0 = (low - pad * entry.voxel_m for low in entry.origin_m)
    if mirror:
        labels = labels[..., ::-1]
        y0 = -(y0 + n_y * entry.voxel_m)
    full = np.zeros((n_z, n_x, n_y), np.uint8)
    full[pad:-pad, pad:-pad, pad:-pad] = labels
    shares = [(smooth((full > 0).astype(np.float32)), slice(0, n_z))]
    shares += [organ(full, code) for code in (2, 3, 4)]
    if yaw_rad % (2 * math.pi) != 0.0:
        turn = Turn.about_pelvis(yaw_rad, x0 / entry.voxel_m, y0 / entry.voxel_m, n_x, n_y)
        shares = [(turn(share, layers), layers) for share, layers in shares]
        x0, y0 = turn.x0 * entry.voxel_m, turn.y0 * entry.voxel_m
    soft = shares[0][0]
    for share, layers in shares[1:]:
        np.minimum(share[layers], soft[layers], out=share[layers])
        soft[layers] -= share[layers]
    return PlacedBody(
        occupancy={name: share.transpose(1, 2, 0) for name, (share, _) in zip(CLASSES, shares, strict=True)},
        voxel_m=entry.voxel_m * scale,
        low_m=(x0 * scale, y0 * scale, z0 * scale),
        density_g_cm3=entry.density_g_cm3,
        fat_share=entry.fat_share,
    )
