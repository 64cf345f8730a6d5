"""Runs image models: loads an ONNX file with its card, refuses what does not fit, scores images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from pydantic import ValidationError

from drivers.api import LorryscanError
from models.card import CARD_KEY, Beam, ModelCard, Pooling

FloatImage = npt.NDArray[np.float32]


class ModelMissing(LorryscanError, FileNotFoundError):
    """A model file is not where it should be.

    Example: a path in the lane's configuration with a typing error.
    """


class ModelMismatch(LorryscanError, ValueError):
    """A model file is not one of ours, is damaged, or is made for other images.

    Examples: an ONNX file without a card; a thermal model given for the X-ray; a
    picture larger than the network's input.
    """


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the image that looks like people; pixels of the image given, score 0..1."""

    x: int
    y: int
    width: int
    height: int
    score: float


@dataclass(frozen=True, slots=True)
class ImageScore:
    """What a model says about one image.

    Parameters
    ----------
    score : grows with the likelihood of people; its meaning is in the card.
    heatmap : float32 of the image's shape, 0..1.
    regions : parts above one half, strongest first.
    space : bool of the image's shape, where the model sees the load space; None = it does not say.
    """

    score: float
    heatmap: FloatImage
    regions: tuple[Region, ...]
    space: npt.NDArray[np.bool_] | None = None


def shipped_model(name: str) -> Path:
    """Return the path of a model that comes with lorryscan: "xray-people" or "thermal-people"."""
    return Path(str(resources.files("models").joinpath("weights", f"{name}.onnx")))


def open_session(path: Path) -> tuple[ort.InferenceSession, bytes]:
    """Read a network; return it and the file's bytes.

    Raises
    ------
    ModelMissing : there is no such file.
    ModelMismatch : it is no ONNX model, or damaged.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ModelMissing(
            f"no model file at {path} ({error.strerror}): reinstall lorryscan or correct the path"
        ) from error
    options = ort.SessionOptions()
    # one thread and one order: the same picture gives the same score, bit for bit, on one machine
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many unrelated types
        raise ModelMismatch(
            f"{path} is not a readable ONNX model ({str(error).splitlines()[0][:120]}): restore the file"
        ) from error
    return session, content


class ImageModel:
    """One network, its card and its identity.

    Parameters
    ----------
    path : ONNX file.
    quantity : what the caller's images hold; None = whatever the card says.

    Raises
    ------
    ModelMissing : there is no such file.
    ModelMismatch : not ONNX, no card, a card of another version or quantity, or a
        network whose shapes are not those of its card.
    """

    def __init__(self, path: Path, quantity: str | None = None) -> None:
        session, content = open_session(path)
        self.card = _card(session, path)
        if quantity is not None and self.card.quantity != quantity:
            raise ModelMismatch(
                f"{path} is made for {self.card.quantity} images, not {quantity}: choose another model"
            )
        _check_shapes(session, self.card, path)
        self._session = session
        self._input = session.get_inputs()[0].name
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.id = f"{self.card.name}@{self.sha256[:12]}"

    def infer(
        self,
        image: FloatImage,
        mask: npt.NDArray[np.bool_] | None = None,
        clear: npt.NDArray[np.bool_] | None = None,
        beam_kv: float | None = None,
    ) -> ImageScore:
        """Score one physical image in the card's unit and scale.

        Parameters
        ----------
        image : float32 ``(height, width)``, not larger than the card's input.
        mask : bool of the same shape: where people could be; None = everywhere.
            Nothing outside of it counts.
        clear : bool of the same shape: where it was measured and the beam came
            through; None = everywhere.
        beam_kv : voltage of the generator (a linac's end point in keV); None = the
            only one that the card names.

        Raises
        ------
        ModelMismatch : the image is larger than the input, has another number of
            dimensions, or holds values that are not finite; or a beam that the card
            does not name.
        """
        height, width = self.card.input_shape
        if image.ndim != 2 or image.shape[0] > height or image.shape[1] > width or 0 in image.shape:
            raise ModelMismatch(
                f"{self.card.name} takes images up to {height} x {width} pixels, this one is "
                f"{' x '.join(map(str, image.shape))}"
            )
        if not np.isfinite(image).all():
            raise ModelMismatch(f"the image for {self.card.name} holds values that are not numbers")
        planes = np.zeros((1, len(self.card.planes), height, width), np.float32)
        for plane, kind in zip(planes[0], self.card.planes, strict=True):
            if kind == "quantity":
                plane[:] = self._prepared(image)
            elif kind == "clear":
                plane[: image.shape[0], : image.shape[1]] = 1.0 if clear is None else clear
            else:
                plane[:] = self.beam(beam_kv).code
        return self._read(self._session.run(None, {self._input: planes})[0][0], image.shape, mask)

    def beam(self, kv: float | None) -> Beam:
        """Return the card's entry for a generator.

        Raises
        ------
        ModelMismatch : the card names none of that voltage, or several and ``kv`` is None.
        """
        known = self.card.beams
        fitting = [b for b in known if kv is None or b.low_kv <= kv <= b.high_kv]
        if len(fitting) != 1:
            ranges = ", ".join(f"{b.low_kv:g} to {b.high_kv:g} kV" for b in known)
            asked = "a beam of unknown voltage" if kv is None else f"{kv:g} kV"
            raise ModelMismatch(f"{self.card.name} is made for {ranges}, not for {asked}: choose its model")
        return fitting[0]

    def _prepared(self, image: FloatImage) -> FloatImage:
        how = self.card.preprocessing
        padded = np.full(self.card.input_shape, how.pad, np.float32)
        padded[: image.shape[0], : image.shape[1]] = image
        np.clip(padded, how.clip_low, how.clip_high, out=padded)
        return np.asarray((padded - np.float32(how.mean)) / np.float32(how.scale), np.float32)

    def _read(
        self, maps: FloatImage, shape: tuple[int, ...], mask: npt.NDArray[np.bool_] | None
    ) -> ImageScore:
        """Pool the maps inside the mask and bring them to the image's own pixels."""
        (height, width), (rows, columns) = self.card.input_shape, self.card.output_shape
        by_name = dict(zip(self.card.maps, maps, strict=True))
        seen = np.zeros((height, width), np.uint8)
        seen[: shape[0], : shape[1]] = 1 if mask is None else mask
        inside = cv2.resize(seen, (columns, rows), interpolation=cv2.INTER_NEAREST) > 0
        people, pooling = by_name["people"], self.card.pooling
        if isinstance(pooling, Pooling):
            size = (pooling.box_px, pooling.box_px)
            people = cv2.blur(people, size, borderType=cv2.BORDER_REPLICATE)
            score = float(people[inside].max()) if inside.any() else float(people.min())
        else:
            each = np.asarray(by_name.get("score", people), np.float32)
            chosen = each[inside] if inside.any() else np.full(1, each.min(), np.float32)
            score = _log_sum_exp(chosen, pooling.temperature)

        def full(logits: FloatImage) -> FloatImage:
            probability = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
            whole = cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR)
            return np.asarray(whole[: shape[0], : shape[1]], np.float32)

        heat = np.where(seen[: shape[0], : shape[1]] > 0, full(people), np.float32(0.0))
        space = full(by_name["space"]) > 0.5 if "space" in by_name else None
        return ImageScore(score, heat, _regions(heat), space)


def _log_sum_exp(values: npt.NDArray[np.float32], temperature: float) -> float:
    scaled = np.asarray(values, np.float64) / temperature
    highest = float(scaled.max())
    return temperature * (highest + float(np.log(np.exp(scaled - highest).sum())))


def _regions(heat: FloatImage) -> tuple[Region, ...]:
    """Return the connected parts above one half, strongest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((heat > 0.5).astype(np.uint8))
    regions = []
    for label in range(1, count):
        x, y, width, height = (int(v) for v in stats[label, :4])
        regions.append(Region(x, y, width, height, float(heat[labels == label].max())))
    return tuple(sorted(regions, key=lambda region: -region.score))


def _card(session: ort.InferenceSession, path: Path) -> ModelCard:
    text = session.get_modelmeta().custom_metadata_map.get(CARD_KEY)
    if text is None:
        raise ModelMismatch(f"{path} carries no lorryscan model card: it is another program's model")
    try:
        return ModelCard.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the card"
        raise ModelMismatch(
            f"{path}: its model card does not fit this version of lorryscan ({where}: {first['msg']}): "
            "use the model that came with this version"
        ) from error


def _check_shapes(session: ort.InferenceSession, card: ModelCard, path: Path) -> None:
    ends = [*session.get_inputs(), *session.get_outputs()]
    wanted = [[1, len(card.planes), *card.input_shape], [1, len(card.maps), *card.output_shape]]
    if len(ends) != 2 or [list(end.shape) for end in ends] != wanted or ends[0].type != "tensor(float)":
        raise ModelMismatch(
            f"{path}: the network's inputs and outputs are not those of its card: restore the file"
        )
