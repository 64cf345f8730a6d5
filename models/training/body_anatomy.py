"""Bones, lungs and bowel gas of one body, as points in its rest pose that follow its joints.

Sizes are those of a man of 1.76 m (ICRP Publication 89: skeleton 10.5 kg with marrow
and cartilage, lungs 1.2 kg), scaled with stature; a woman's bones are 7 % thinner.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
SOFT, BONE, LUNG, GAS = 1, 2, 3, 4
STEP_M = 0.0028  # closer than a fine cell of 5 mm in any direction
TRUNK = ("root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01")


@dataclass(frozen=True, slots=True)
class Organs:
    """Points by class, with the two bones that carry each and the second one's share."""

    points: Mapping[int, FloatArray]
    bones: Mapping[int, npt.NDArray[np.int64]]
    share: Mapping[int, FloatArray]

    def posed(self, code: int, transforms: FloatArray) -> FloatArray:
        """Return the points of one class after bone transforms (n_bones, 4, 4)."""
        points, bones, share = self.points[code], self.bones[code], self.share[code][:, None]
        at = [np.empty_like(points), np.empty_like(points)]
        for column, moved in enumerate(at):
            for bone in np.unique(bones[:, column]):
                rows = bones[:, column] == bone
                moved[rows] = points[rows] @ transforms[bone, :3, :3].T + transforms[bone, :3, 3]
        return np.asarray((1.0 - share) * at[0] + share * at[1])


class _Anatomy:
    """Gathers points; axes of the rest pose: x left, y back, z up."""

    def __init__(
        self, heads: Mapping[str, FloatArray], labels: list[str], skin: FloatArray, thin: float
    ) -> None:
        self.heads, self.labels, self.skin = heads, labels, skin
        self.stature = float(np.ptp(skin[:, 2]))
        self.floor = float(skin[:, 2].min())
        self.s = self.stature / 1.76
        self.thin = thin * self.s
        self.parts: dict[int, list[tuple[FloatArray, npt.NDArray[np.int64], FloatArray]]] = {}

    def z(self, fraction: float) -> float:
        return self.floor + fraction * self.stature

    def add(self, code: int, points: FloatArray, bone: str | None = None) -> None:
        """Let points follow one bone, or the trunk at their height when none is named."""
        if bone is not None:
            pair = np.full((len(points), 2), self.labels.index(bone))
            share = np.zeros(len(points))
        else:
            middles = [(self.heads[a][2] + self.heads[b][2]) / 2 for a, b in itertools.pairwise(TRUNK)]
            place = np.interp(points[:, 2], middles, np.arange(len(middles)))
            first = np.minimum(place.astype(int), len(middles) - 2)
            index = np.array([self.labels.index(name) for name in TRUNK])
            pair = np.stack([index[first], index[first + 1]], axis=1)
            share = place - first
        self.parts.setdefault(code, []).append((points, pair, share))

    def grid(self, low: FloatArray, high: FloatArray) -> FloatArray:
        axes = [np.arange(a, b + STEP_M, STEP_M) for a, b in zip(low, high, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)

    def rod(self, start: FloatArray, end: FloatArray, r0_cm: float, r1_cm: float | None = None) -> FloatArray:
        """Return points of a tapered capsule; radii of a man of 1.76 m."""
        r0 = 0.01 * self.thin * r0_cm
        r1 = r0 if r1_cm is None else 0.01 * self.thin * r1_cm
        most = max(r0, r1)
        points = self.grid(np.minimum(start, end) - most, np.maximum(start, end) + most)
        along = end - start
        t = np.clip((points - start) @ along / max(float(along @ along), 1e-9), 0.0, 1.0)
        distance = np.linalg.norm(points - start - t[:, None] * along, axis=1)
        return points[distance <= r0 + (r1 - r0) * t]

    def limbs(self) -> None:
        h = self.heads
        for side in ("L", "R"):

            def at(name: str, side: str = side) -> FloatArray:
                return h[f"{name}.{side}"]

            def long_bone(bone: str, far: str, shaft: float, top: float, low: float) -> None:
                a, b = at(bone), at(far)
                mid_a, mid_b = a + 0.12 * (b - a), b - 0.1 * (b - a)
                for start, end, r0, r1 in (
                    (a, mid_a, top, shaft),
                    (mid_a, mid_b, shaft, shaft),
                    (mid_b, b, shaft, low),
                ):
                    self.add(BONE, self.rod(start, end, r0, r1), f"{bone}.{side}")  # noqa: B023

            long_bone("upperleg01", "lowerleg01", 1.5, 2.4, 2.9)
            long_bone("lowerleg01", "foot", 1.3, 2.6, 1.9)
            long_bone("upperarm01", "lowerarm01", 1.2, 2.2, 1.8)
            out = np.sign(at("foot")[0]) * np.array([0.028, 0.0, 0.0]) * self.s
            back = np.array([0.0, 0.012, 0.0]) * self.s
            self.add(
                BONE,
                self.rod(at("lowerleg01") + out + back, at("foot") + 0.6 * out, 0.65),
                f"lowerleg01.{side}",
            )
            across = 0.011 * self.s * np.cross(at("wrist") - at("lowerarm01"), [0.0, 0.0, 1.0])
            across /= np.linalg.norm(at("wrist") - at("lowerarm01"))
            for shift in (across, -across):
                self.add(
                    BONE, self.rod(at("lowerarm01") + shift, at("wrist") + shift, 0.8), f"lowerarm01.{side}"
                )
            heel = at("foot") + np.array([0.0, 0.035, -0.035]) * self.s
            self.add(BONE, self.rod(at("foot"), heel, 2.1), f"foot.{side}")
            for toe in ("toe1-1", "toe3-1", "toe5-1"):
                self.add(BONE, self.rod(at("foot"), at(toe), 1.7, 0.8), f"foot.{side}")
            for finger in range(2, 6):
                self.add(BONE, self.rod(at("wrist"), at(f"finger{finger}-1"), 0.6, 0.5), f"wrist.{side}")
                self.add(
                    BONE,
                    self.rod(at(f"finger{finger}-1"), at(f"finger{finger}-2"), 0.45),
                    f"finger{finger}-1.{side}",
                )
            self.add(BONE, self.rod(at("clavicle"), at("shoulder01"), 0.65), f"clavicle.{side}")
            self.add(BONE, self.rod(at("shoulder01"), at("upperarm01"), 1.0), f"shoulder01.{side}")
            # shoulder blade: behind the ribs, from the shoulder inwards and down
            blade = at("shoulder01") + np.array([0.0, 0.05, -0.02]) * self.s
            inward = -np.sign(at("foot")[0]) * np.array([0.045, 0.0, 0.0]) * self.s
            for down in np.linspace(0.0, 0.12, 6):
                drop = np.array([0.0, 0.01, -down]) * self.s
                self.add(BONE, self.rod(blade + drop, blade + drop + (1 - 5 * down) * inward, 0.45), None)

    def back_skin(self, z: float) -> float:
        near = (np.abs(self.skin[:, 2] - z) < 0.02 * self.stature) & (
            np.abs(self.skin[:, 0]) < 0.03 * self.stature
        )
        return float(self.skin[near, 1].max())

    def front_skin(self, z: float) -> float:
        near = (np.abs(self.skin[:, 2] - z) < 0.02 * self.stature) & (
            np.abs(self.skin[:, 0]) < 0.03 * self.stature
        )
        return float(self.skin[near, 1].min())

    def spine(self) -> None:
        top = self.heads["neck01"][2]
        self.spine_line = {}
        heights = np.linspace(self.heads["root"][2] - 0.03 * self.stature, top, 22)
        # the back of a heavy body is padded: vertebrae stay within reach of the joints
        joints = [self.heads[name] for name in TRUNK]
        centres = []
        for z in heights:
            joint_y = float(np.interp(z, [j[2] for j in joints], [j[1] for j in joints]))
            y = min(self.back_skin(float(z)) - 0.026 * self.stature, joint_y + 0.045 * self.stature)
            centres.append(np.array([0.0, y, z]))
        ys = np.convolve(np.pad([c[1] for c in centres], 2, mode="edge"), np.ones(5) / 5, mode="valid")
        centres = [np.array([0.0, y, c[2]]) for y, c in zip(ys, centres, strict=True)]
        radii = np.interp(heights, [heights[0], heights[8], top], [2.5, 2.2, 1.6])
        for (a, b), r in zip(itertools.pairwise(centres), radii, strict=False):
            self.add(BONE, self.rod(a, b, r), None)
            back = (a + b) / 2 + np.array([0.0, 0.028, -0.008]) * self.s
            self.add(BONE, self.rod((a + b) / 2, back, 1.1, 0.7), None)
        self.vertebrae = np.array(centres)
        neck = [self.heads[name] for name in ("neck01", "neck02", "neck03", "head")]
        behind = np.array([0.0, 0.012, 0.0]) * self.s
        for name, a, b in zip(("neck01", "neck02", "neck03"), neck, neck[1:], strict=False):
            self.add(BONE, self.rod(a + behind, b + behind, 1.6), name)

    def spine_y(self, z: float) -> float:
        return float(np.interp(z, self.vertebrae[:, 2], self.vertebrae[:, 1]))

    def cage(self, z: float) -> tuple[float, float, float]:
        """Return half width, and y of the front and the back of the ribs' inner wall at a height."""
        t = np.clip((z - self.z(0.635)) / (0.82 - 0.635) / self.stature, 0.0, 1.0)
        half = np.interp(t, [0.0, 0.25, 0.6, 0.85, 1.0], [0.066, 0.074, 0.072, 0.055, 0.032]) * self.stature
        deep = np.interp(t, [0.0, 0.3, 0.7, 1.0], [0.108, 0.112, 0.095, 0.055]) * self.stature
        back = self.spine_y(z) + 0.012 * self.stature
        front = max(back - deep, self.front_skin(z) + 0.012 * self.stature)
        return float(half), front, back

    def ribs(self) -> None:
        tip: list[FloatArray] = []
        for number in range(11):
            z0 = self.z(0.822 - 0.0165 * number)
            reach = 1.0 if number < 8 else 0.8 - 0.18 * (number - 8)  # the last ribs end at the side
            drop = 0.035 * self.stature * min(1.0, 0.3 + 0.15 * number)
            for sign in (1.0, -1.0):
                line = []
                for angle in np.linspace(0.0, 0.92 * np.pi * reach, 16):
                    z = z0 - drop * (1 - np.cos(angle)) / 2
                    half, front, back = self.cage(z)
                    y = (front + back) / 2 + (back - front) / 2 * np.cos(angle)
                    line.append(np.array([sign * (0.012 * self.s + half * np.sin(angle)), y, z]))
                for a, b in itertools.pairwise(line):
                    self.add(BONE, self.rod(a, b, 0.6), None)
                if sign > 0 and number < 7:
                    tip.append(line[-1] * np.array([0.0, 1.0, 1.0]))
        for a, b in itertools.pairwise(tip):  # breastbone
            for shift in (-0.011, 0.011):
                aside = np.array([shift * self.s, 0.0, 0.0])
                self.add(BONE, self.rod(a + aside, b + aside, 0.75), None)

    def lungs(self) -> None:
        low, high = self.z(0.645), self.z(0.828)
        wide = 0.08 * self.stature
        middle = self.spine_y((low + high) / 2)
        points = self.grid(
            np.array([-wide, middle - 0.12 * self.stature, low]),
            np.array([wide, middle + 0.03 * self.stature, high]),
        )
        heights = np.linspace(low, high, 40)
        cage = np.array([self.cage(float(z)) for z in heights])
        half, front, back = (np.interp(points[:, 2], heights, column) for column in cage.T)
        x, y, z = points.T
        wall = 0.009 * self.s
        round_ = (x / (half - wall)) ** 2 + (
            (y - (front + back) / 2) / ((back - front) / 2 - wall)
        ) ** 2 <= 1.0
        # heart and great vessels, a little to the left; the spine; the dome of the diaphragm
        centre_y = np.array([self.cage(float(h)) for h in heights])[:, 1:].mean(axis=1)
        heart = ((x - 0.012 * self.s) / (0.048 * self.s)) ** 2 + (
            (y - np.interp(z, heights, centre_y) + 0.025 * self.s) / (0.05 * self.s)
        ) ** 2 + ((z - self.z(0.712)) / (0.062 * self.s)) ** 2 > 1.0
        vessels = np.abs(x) > 0.022 * self.s
        spine = np.hypot(x, y - np.interp(z, self.vertebrae[:, 2], self.vertebrae[:, 1])) > 0.03 * self.s
        side_x = np.abs(x) - 0.065 * self.s
        dome = (
            z
            > self.z(0.69)
            - 5.0 / self.s * side_x**2
            - 2.5 / self.s * np.maximum(y - middle + 0.06 * self.s, 0.0) ** 2
        )
        self.add(LUNG, points[round_ & heart & vessels & spine & dome], None)

    def pelvis(self) -> None:
        root = np.array([0.0, self.spine_y(self.heads["root"][2]), self.heads["root"][2]])
        for side in ("L", "R"):
            hip = self.heads[f"upperleg01.{side}"]
            sign = np.sign(hip[0])
            crest = root + np.array([sign * 0.115, -0.045, 0.06]) * self.s
            joint = root + np.array([sign * 0.035, 0.0, 0.01]) * self.s
            spine_front = root + np.array([sign * 0.115, -0.105, 0.015]) * self.s
            pubis = np.array([sign * 0.012 * self.s, hip[1] - 0.03 * self.s, hip[2] - 0.02 * self.s])
            sit = np.array([0.62 * hip[0], hip[1] + 0.035 * self.s, hip[2] - 0.075 * self.s])
            for t in np.linspace(0.0, 1.0, 6):  # the wing, a fan of rods
                self.add(BONE, self.rod(hip, (1 - t) * joint + t * crest, 0.75), "root")
                self.add(BONE, self.rod(hip, (1 - t) * crest + t * spine_front, 0.7), "root")
            self.add(BONE, self.rod(hip, hip, 3.0), "root")
            for a, b in ((hip, pubis), (hip, sit), (sit, pubis)):
                self.add(BONE, self.rod(a, b, 1.1), "root")
        tail = root + np.array([0.0, 0.01, -0.09]) * self.s
        self.add(BONE, self.rod(root + np.array([0, 0, 0.01]), tail, 3.0, 1.0), "root")

    def skull(self) -> None:
        eye = (self.heads["eye.L"] + self.heads["eye.R"]) / 2
        head = self.skin[self.skin[:, 2] > eye[2]]
        top = float(head[:, 2].max())
        brow = head[head[:, 2] > eye[2] + 0.25 * (top - eye[2])]
        thick = 0.005 + 0.002 * self.s
        middle = np.array([0.0, (brow[:, 1].min() + brow[:, 1].max()) / 2, eye[2] + 0.12 * (top - eye[2])])
        axes = np.array([np.ptp(brow[:, 0]) / 2, np.ptp(brow[:, 1]) / 2, top - middle[2]]) - 0.005
        points = self.grid(middle - axes, middle + axes)
        outer = (((points - middle) / axes) ** 2).sum(axis=1) <= 1.0
        inner = (((points - middle) / (axes - thick)) ** 2).sum(axis=1) <= 1.0
        self.add(BONE, points[outer & ~inner & (points[:, 2] > middle[2] - 0.75 * axes[2])], "head")
        chin_z = self.heads["neck03"][2] - 0.005 * self.s
        face_y = float(self.skin[np.abs(self.skin[:, 2] - chin_z) < 0.012, 1].min())
        ear = middle + np.array([0.75 * axes[0], 0.0, -0.45 * axes[2]])
        corner = np.array([0.72 * axes[0], middle[1] - 0.15 * axes[1], chin_z + 0.02 * self.s])
        chin = np.array([0.018 * self.s, face_y + 0.018 * self.s, chin_z])
        cheek = np.array([0.75 * axes[0], middle[1] - 0.7 * axes[1], eye[2] - 0.025 * self.s])
        upper = np.array([0.02 * self.s, middle[1] - 0.85 * axes[1], eye[2] - 0.05 * self.s])
        for sign in (1.0, -1.0):
            mirror = np.array([sign, 1.0, 1.0])
            for a, b, r in ((ear, corner, 0.7), (corner, chin, 0.85), (ear, cheek, 0.5), (cheek, upper, 0.8)):
                self.add(BONE, self.rod(a * mirror, b * mirror, r), "head")
        self.add(BONE, self.rod(chin, chin * np.array([-1.0, 1.0, 1.0]), 0.9), "head")

    def gas(self, rng: np.random.Generator) -> None:
        """Stomach bubble and a few bowel pockets: 20 to 120 cm3 in an adult."""
        for number in range(int(rng.integers(3, 7))):
            r = (0.014 + 0.011 * rng.random()) * self.s
            z = self.z(0.665) if number == 0 else self.z(rng.uniform(0.55, 0.63))
            x = 0.05 * self.s if number == 0 else rng.uniform(-0.085, 0.085) * self.s
            y = self.front_skin(z) * 0.6 + self.spine_y(z) * 0.4
            centre = np.array([x, y, z])
            size = r * np.array([rng.uniform(0.8, 1.5), rng.uniform(0.7, 1.1), rng.uniform(0.8, 1.3)])
            points = self.grid(centre - size, centre + size)
            self.add(GAS, points[(((points - centre) / size) ** 2).sum(axis=1) <= 1.0], None)

    def organs(self) -> Organs:
        def join(part: int) -> dict[int, np.ndarray]:
            return {
                code: np.concatenate([piece[part] for piece in pieces]) for code, pieces in self.parts.items()
            }

        points, bones, share = join(0), join(1), join(2)
        order = sorted(points, key=(GAS, LUNG, BONE).index)  # bone wins over lung, lung over gas
        return Organs({c: points[c] for c in order}, bones, share)


def organs(
    heads: Mapping[str, FloatArray], labels: list[str], skin: FloatArray, male: bool, rng: np.random.Generator
) -> Organs:
    """Return bones, lungs and gas of one body.

    Parameters
    ----------
    heads : where each bone of the model starts in the rest pose, m; x left, y back, z up.
    labels : the model's bones in order.
    skin : (n, 3) vertices of the rest pose.
    """
    anatomy = _Anatomy(heads, labels, skin, 1.0 if male else 0.93)
    anatomy.spine()
    anatomy.ribs()
    anatomy.lungs()
    anatomy.pelvis()
    anatomy.skull()
    anatomy.limbs()
    anatomy.gas(rng)
    return anatomy.organs()
