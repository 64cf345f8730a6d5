"""Poses of hidden people as joint angles, and what they make of the body model's bones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Range = tuple[float, float]

# Degrees, each drawn evenly from its range. Flexion is forward for hip, shoulder, spine and neck, back for
# the knee; abduction leads away from the middle, twist turns inwards. ``pitch`` leans the pelvis forward
# (-90: lies on the back), ``roll`` turns about the body's own axis before that. What is left out is 0.
# ``even`` is how unlike left and right limbs may be; ``flat_feet`` sets the ankles, ``heels_down`` and
# ``flat_shins`` (degrees that they slope) the knees.
POSES: Mapping[str, Mapping[str, Range]] = {
    "standing": {
        "pitch": (-2, 5), "spine": (-4, 10), "neck": (-5, 25), "neck_twist": (-40, 40), "hip": (-6, 10),
        "hip_out": (2, 9), "knee": (0, 12), "shoulder": (-12, 25), "shoulder_out": (6, 16),
        "shoulder_in": (0, 30), "elbow": (8, 60), "even": (6, 14), "flat_feet": (0, 0),
    },
    "standing_pressed": {
        "pitch": (-2, 4), "spine": (0, 12), "neck": (5, 30), "neck_twist": (-60, 60), "hip": (0, 6),
        "hip_out": (-1, 2), "knee": (2, 14), "shoulder": (12, 30), "shoulder_out": (2, 6),
        "shoulder_in": (40, 65), "elbow": (70, 115), "even": (3, 8), "flat_feet": (0, 0),
    },
    "arms_up": {
        "pitch": (-3, 4), "spine": (-8, 6), "neck": (-25, 10), "hip": (-4, 14), "hip_out": (1, 10),
        "knee": (0, 20), "shoulder": (140, 172), "shoulder_out": (-5, 12), "elbow": (5, 65),
        "even": (6, 16), "flat_feet": (0, 0),
    },
    "sitting": {
        "pitch": (-28, -12), "spine": (28, 50), "neck": (5, 35), "hip": (108, 122), "hip_out": (0, 10),
        "knee": (118, 132), "shoulder": (45, 70), "shoulder_out": (4, 14), "shoulder_in": (15, 40),
        "elbow": (25, 70), "even": (2, 5), "flat_feet": (0, 0),
    },
    "sitting_legs_out": {
        "pitch": (-22, -6), "spine": (15, 38), "neck": (0, 35), "hip": (72, 88), "hip_out": (2, 14),
        "knee": (2, 22), "ankle": (-15, 10), "shoulder": (28, 48), "shoulder_out": (6, 16),
        "shoulder_in": (5, 40), "elbow": (30, 75), "even": (2, 6),
    },
    "seated": {
        "pitch": (-10, 6), "spine": (6, 30), "neck": (0, 35), "neck_twist": (-35, 35), "hip": (80, 98),
        "hip_out": (2, 14), "knee": (76, 98), "shoulder": (12, 40), "shoulder_out": (4, 14),
        "shoulder_in": (8, 35), "elbow": (35, 80), "even": (3, 7), "flat_feet": (0, 0),
    },
    "crouching": {
        "pitch": (12, 28), "spine": (25, 45), "neck": (-25, 20), "hip": (112, 126), "hip_out": (4, 16),
        "knee": (132, 146), "shoulder": (40, 80), "shoulder_out": (3, 12), "shoulder_in": (10, 40),
        "elbow": (30, 90), "even": (2, 5), "flat_feet": (0, 0),
    },
    "kneeling": {
        "pitch": (-2, 14), "spine": (5, 28), "neck": (0, 30), "hip": (0, 20), "hip_out": (2, 10),
        "flat_shins": (-2, 5), "ankle": (-75, -58), "shoulder": (0, 45), "shoulder_out": (4, 14),
        "shoulder_in": (5, 45), "elbow": (20, 100), "even": (2, 6),
    },
    "bowed": {
        "pitch": (52, 66), "spine": (28, 48), "neck": (5, 30), "hip": (100, 114), "hip_out": (6, 16),
        "flat_shins": (-2, 6), "ankle": (-70, -50), "shoulder": (95, 150), "shoulder_out": (4, 16),
        "shoulder_in": (0, 25), "elbow": (20, 80), "even": (2, 6),
    },
    "lying_back": {
        "pitch": (-93, -88), "spine": (-3, 8), "spine_side": (-10, 10), "neck": (0, 25),
        "neck_twist": (-40, 40), "hip": (0, 22), "hip_out": (2, 14), "knee": (0, 0), "ankle": (-40, -15),
        "shoulder": (-4, 25), "shoulder_out": (8, 30), "shoulder_in": (5, 50), "elbow": (5, 80),
        "even": (5, 12), "heels_down": (0, 0),
    },
    "lying_side": {
        "pitch": (-92, -88), "roll": (78, 98), "spine": (0, 22), "neck": (0, 25), "hip": (12, 50),
        "hip_out": (-4, 3), "knee": (15, 70), "ankle": (-40, -15), "shoulder": (20, 70),
        "shoulder_out": (-4, 5), "shoulder_in": (5, 30), "elbow": (20, 100), "even": (6, 14),
    },
    "foetal": {
        "pitch": (-93, -87), "roll": (82, 98), "spine": (40, 60), "neck": (15, 40), "hip": (104, 122),
        "hip_out": (-2, 4), "knee": (112, 134), "ankle": (-35, -10), "shoulder": (35, 65),
        "shoulder_out": (0, 6), "shoulder_in": (20, 50), "elbow": (80, 128), "even": (4, 9),
    },
    "prone": {
        "pitch": (87, 93), "spine": (-8, 4), "spine_side": (-8, 8), "neck": (-14, 4), "neck_twist": (-70, 70),
        "hip": (-4, 0), "hip_out": (4, 18), "knee": (0, 10), "ankle": (-55, -35), "shoulder": (-16, -5),
        "shoulder_out": (8, 50), "shoulder_in": (0, 20), "elbow": (2, 14), "even": (1, 2.5),
    },
    "stretched_out": {
        "pitch": (87, 93), "spine": (-6, 3), "spine_side": (-8, 8), "neck": (-20, 5), "neck_twist": (-40, 40),
        "hip": (-4, 0), "hip_out": (1, 9), "knee": (0, 10), "ankle": (-60, -40), "shoulder": (166, 178),
        "shoulder_out": (-2, 14), "elbow": (3, 35), "even": (1, 2.5),
    },
    "crawling": {
        "pitch": (74, 90), "spine": (-4, 14), "neck": (-35, 0), "hip": (70, 98), "hip_out": (1, 8),
        "flat_shins": (-3, 6), "ankle": (-72, -50), "shoulder": (68, 98), "shoulder_out": (2, 8),
        "elbow": (3, 30), "even": (4, 10),
    },
}  # fmt: skip
JOINTS = ("hip", "hip_out", "knee", "ankle", "shoulder", "shoulder_out", "shoulder_in", "elbow")
LIMBS = ("upperleg01", "lowerleg01", "foot", "upperarm01", "lowerarm01", "wrist")
SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
NECK = ("neck01", "neck02", "neck03", "head")


def draw_angles(pose: str, rng: np.random.Generator) -> dict[str, float]:
    """Return joint angles of one pose, degrees, named ``joint`` or ``joint.L`` and ``joint.R``."""
    ranges = POSES[pose]
    angles: dict[str, float] = {}
    unlike = rng.uniform(*ranges.get("even", (0, 0)))
    for joint, (low, high) in ranges.items():
        middle = rng.uniform(low, high)
        if joint.split("_")[0] in ("hip", "knee", "ankle", "shoulder", "elbow"):
            both = middle + unlike * rng.uniform(-1, 1) * np.array([1.0, -1.0])
            if joint in ("knee", "elbow"):
                both = np.maximum(both, 0.0)
            angles[f"{joint}.L"], angles[f"{joint}.R"] = both.tolist()
        else:
            angles[joint] = middle
    if "flat_shins" in ranges:
        for side in ("L", "R"):
            level = 90.0 + angles[f"hip.{side}"] - angles["pitch"]
            angles[f"knee.{side}"] = level + angles["flat_shins"]
    if "heels_down" in ranges:  # thigh and shin are about equally long
        for side in ("L", "R"):
            angles[f"hip.{side}"] = max(angles[f"hip.{side}"], 0.0)
            angles[f"knee.{side}"] = 2.0 * angles[f"hip.{side}"]
    return angles


def about(axis: int, degrees: float) -> FloatArray:
    """Return the rotation matrix about one axis of the model (0 left, 1 back, 2 up)."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(3)
    one, two = (axis + 1) % 3, (axis + 2) % 3
    turn[one, one] = turn[two, two] = c
    turn[two, one], turn[one, two] = s, -s
    return turn


def to_down(direction: FloatArray) -> FloatArray:
    """Return the smallest rotation that lets a direction point down."""
    unit, down = direction / np.linalg.norm(direction), np.array([0.0, 0.0, -1.0])
    axis = np.cross(unit, down)
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn: FloatArray = np.eye(3) + skew + skew @ skew / (1.0 + unit @ down)
    return turn


def bone_rotations(
    angles: Mapping[str, float], rest_heads: Mapping[str, FloatArray], labels: Sequence[str]
) -> FloatArray:
    """Return rotations of all bones against their parents, axes as in the rest pose.

    Parameters
    ----------
    angles : from `draw_angles`.
    rest_heads : where each bone starts in the rest pose, m; x left, y back, z up.
    labels : names of all bones in the model's order.

    Returns
    -------
    float (n_bones, 3, 3).
    """
    turns = {label: np.eye(3) for label in labels}
    get = lambda name: angles.get(name, 0.0)  # noqa: E731
    turns["root"] = about(0, get("pitch")) @ about(2, get("roll"))
    for part, bones in (("spine", SPINE), ("neck", NECK)):
        share = 1.0 / len(bones)
        for bone in bones:
            turns[bone] = (
                about(0, share * get(part))
                @ about(1, share * get(f"{part}_side"))
                @ about(2, share * get(f"{part}_twist"))
            )
    for side, sign in (("L", 1.0), ("R", -1.0)):
        joint = {name: angles.get(f"{name}.{side}", 0.0) for name in JOINTS}
        at = {name: rest_heads[f"{name}.{side}"] for name in LIMBS}
        thigh = to_down(at["lowerleg01"] - at["upperleg01"])
        shin = to_down(at["foot"] - at["lowerleg01"])
        turns[f"upperleg01.{side}"] = about(0, -joint["hip"]) @ about(1, -sign * joint["hip_out"]) @ thigh
        turns[f"lowerleg01.{side}"] = thigh.T @ about(0, joint["knee"]) @ shin
        ankle = joint["ankle"]
        if "flat_feet" in angles:
            ankle = float(np.clip(joint["knee"] - joint["hip"] + get("pitch"), -40.0, 38.0))
        turns[f"foot.{side}"] = shin.T @ about(0, -ankle)
        # the shoulder girdle takes a part of what goes beyond 60 degrees
        girdle = max(joint["shoulder"] - 60.0, 0.0) / 4.0
        lift = about(1, -sign * girdle)
        turns[f"clavicle.{side}"] = lift
        upper = to_down(at["lowerarm01"] - at["upperarm01"])
        fore = to_down(at["wrist"] - at["lowerarm01"])
        turns[f"upperarm01.{side}"] = (
            lift.T @ about(0, -joint["shoulder"]) @ about(1, -sign * joint["shoulder_out"])
            @ about(2, -sign * joint["shoulder_in"]) @ upper
        )  # fmt: skip
        turns[f"lowerarm01.{side}"] = upper.T @ about(0, -joint["elbow"]) @ fore
    return np.stack([turns[label] for label in labels])
