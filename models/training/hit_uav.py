"""Reads HIT-UAV thermal frames with their boxes, split by whole sequences.

References
----------
Suo et al., HIT-UAV: A high-altitude infrared thermal dataset for unmanned aerial
vehicle-based object detection, Scientific Data 10:227 (2023). CC BY 4.0.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

SPLIT_FILE = Path(__file__).with_name("hit_uav_split.toml")
ATTRIBUTION = (
    "HIT-UAV Infrared Thermal Dataset, Jiashun Suo, Tianyi Wang, Xingzhou Zhang, Haiyang Chen, Wei Zhou, "
    "Weisong Shi, CC BY 4.0, https://github.com/suojiashun/HIT-UAV-Infrared-Thermal-Dataset"
)
PERSON, BICYCLE, DONT_CARE = 0, 2, 4
_TIMES = {"0": "day", "1": "night"}

Boxes = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One thermal frame and what is in it.

    Parameters
    ----------
    name : file name.
    sequence : name from the split file.
    image : uint8 ``(height, width)``.
    persons : float32 ``(n, 4)``: x, y, width, height, pixels.
    ignored : float32 ``(m, 4)``: riders ("Bicycle": a person is in the box, but the box
        is the bicycle's) and "DontCare"; neither right nor wrong.
    """

    name: str
    sequence: str
    image: npt.NDArray[np.uint8]
    persons: Boxes
    ignored: Boxes


def sequences(part: str | None = None) -> list[dict[str, Any]]:
    """Return the sequences of a part ("train", "validation", "test") from the split file; None = all.

    Examples
    --------
    >>> {s["part"] for s in sequences()} == {"train", "validation", "test"}
    True
    """
    listed: list[dict[str, Any]] = tomllib.loads(SPLIT_FILE.read_text())["sequence"]
    return [s for s in listed if part is None or s["part"] == part]


def hold_out() -> str:
    """Return the name of the sequence that a second fit leaves out."""
    return str(tomllib.loads(SPLIT_FILE.read_text())["hold_out"])


def sequence_of(name: str, date: str) -> str:
    """Return the sequence of a file, "" where the split uses it in no part.

    Examples
    --------
    >>> sequence_of("1_60_30_0_00112.jpg", "20201217"), sequence_of("1_60_30_0_00115.jpg", "20201217")
    ('20201217-night-left', '')
    """
    time, _, _, _, number = name.removesuffix(".jpg").split("_")
    for s in sequences():
        if (s["date"], s["time"]) == (date, _TIMES[time]) and s["first"] <= int(number) <= s["last"]:
            return str(s["name"])
    return ""


def load(folder: Path, names: Sequence[str]) -> list[Labelled]:
    """Read the frames of sequences, in order of their numbers.

    Parameters
    ----------
    folder : holds ``annotations.json`` and ``images``.
    names : sequences from the split file.

    Raises
    ------
    FileNotFoundError : the folder or a frame is not there.
    """
    listed = json.loads((folder / "annotations.json").read_text())
    boxes: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for annotation in listed["annotations"]:
        boxes[annotation["image_id"]].append(annotation)
    frames = []
    for entry in listed["images"]:
        sequence = sequence_of(entry["filename"], entry["date_captured"])
        if sequence not in names:
            continue
        image = cv2.imread(str(folder / "images" / entry["filename"]), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise FileNotFoundError(f"no readable frame {entry['filename']} in {folder / 'images'}")
        own = boxes[entry["id"]]

        def of(*kinds: int, own: list[dict[str, Any]] = own) -> Boxes:
            return np.array([b["bbox"] for b in own if b["category_id"] in kinds], np.float32).reshape(-1, 4)

        frames.append(
            Labelled(
                entry["filename"], sequence, np.asarray(image, np.uint8), of(PERSON), of(BICYCLE, DONT_CARE)
            )
        )
    return sorted(frames, key=lambda frame: frame.name.split("_")[-1])


def load_part(folder: Path, part: str) -> list[Labelled]:
    """Read all frames of a part."""
    return load(folder, [s["name"] for s in sequences(part)])


def sha256(frames: Sequence[Labelled]) -> str:
    """Return a hash over pixels and boxes, for the card."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(frame.name.encode() + frame.image.tobytes())
        digest.update(frame.persons.tobytes() + frame.ignored.tobytes())
    return digest.hexdigest()
