"""What a model card gets wrong: fields that do not fit the format, and statements that contradict each other.

Everything is said in words for whoever made the card: which field, what it holds, what it should hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ValidationError

from models.card import ModelCard, Pooling

LORRY_MM = (4_000.0, 16_500.0)
"""Height and length that a whole lorry may have (Directive 96/53/EC), which an X-ray picture has to hold."""
MM_PER_PX = (2.0, 100.0)
"""Finer than any portal's pixels, coarser than a head is wide."""
LARGEST_PREPARED = 100.0

FIELDS = {
    "format": '"lorryscan-image-model"',
    "format_version": "1, or 2 for a card with planes, maps, beams or thresholds",
    "name": "the model's name: lower-case letters, digits and hyphens",
    "version": "the maker's own version, as a text",
    "quantity": 'what a picture holds: "log_attenuation" (X-ray) or "temperature_excess_k" (thermal)',
    "input_shape": "rows and columns of the network's input, for instance [224, 768]",
    "output_shape": "rows and columns of the network's output, for instance [56, 192]",
    "mm_per_px": "size of an input pixel at the lorry, mm (X-ray models)",
    "energies_mev": "energies that the model was made for, MeV: a list of numbers",
    "range_c": "lowest and highest temperature that the imager measures, °C (thermal models)",
    "preprocessing": "clip_low, clip_high, mean, scale and pad: what is done to a picture first",
    "pooling": '{"kind": "highest_box_mean", "box_px": 5} or {"kind": "log_sum_exp", "temperature": 0.5}',
    "planes": 'what the network is given, in order, of "quantity", "clear" and "beam"',
    "maps": 'what the network answers, in order, of "people", "space" and "score"',
    "beams": "generators that the model is made for: name, low_kv, high_kv, code of each",
    "thresholds": "beam, condition, threshold, low, high, false_alarms and empty of each",
    "familiar": "lowest and highest value in training of each picture feature, by name",
    "score_semantics": "what the score means, in a sentence",
    "trained_on": "what pictures the model was trained on, in a sentence",
    "limits": "where the model fails or was never tried, in a sentence",
    "seeds": 'which scenes or recordings each part holds: {"train": …, "validation": …, "test": …}',
    "data_sha256": "SHA-256 of the training data, 64 hexadecimal digits",
    "code_sha256": "SHA-256 of the code that made the model, 64 hexadecimal digits",
    "parameters": "number of the network's weights",
    "auc": "area under the ROC curve on the held-out test part, 0 to 1",
    "operating_point": "threshold, test_empty, test_false_alarms, test_occupied and test_detected",
}
"""What each field of a card should hold."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a card.

    Parameters
    ----------
    field : where, for instance "beams.1.low_kv".
    is_wrong : what is wrong.
    should : what it should be.
    """

    field: str
    is_wrong: str
    should: str

    def __str__(self) -> str:
        return f"{self.field}: {self.is_wrong}; it should be {self.should}"


def read_faults(text: str, kind: type[BaseModel] = ModelCard) -> tuple[Fault, ...]:
    """Return every field of a card's JSON that the format does not allow.

    Examples
    --------
    >>> faults = read_faults('{"name": "Our Model", "colour": "red"}')
    >>> print(next(fault for fault in faults if fault.field == "colour"))
    colour: there is no such field; it should be left out
    """
    try:
        kind.model_validate_json(text)
    except ValidationError as error:
        return tuple(_fault(one) for one in error.errors())
    return ()


def _fault(error: Any) -> Fault:
    where = ".".join(str(part) for part in error["loc"]) or "the card"
    top = str(error["loc"][0]) if error["loc"] else ""
    kind, given = error["type"], json.dumps(error["input"], default=str, ensure_ascii=False)[:60]
    what = FIELDS.get(top, "as the message says")
    if kind == "extra_forbidden":
        return Fault(where, "there is no such field", "left out")
    if kind == "missing":
        return Fault(where, "it is missing", what)
    if kind == "json_invalid":
        return Fault(where, f"it is not JSON ({error['ctx']['error']})", "one JSON object")
    return Fault(where, f"it is {given}, {error['msg'][0].lower()}{error['msg'][1:]}", what)


def contradictions(card: ModelCard) -> tuple[Fault, ...]:
    """Return what makes a card unusable though each of its fields is allowed."""
    return tuple(_all_contradictions(card))


def _all_contradictions(card: ModelCard) -> Iterator[Fault]:
    yield from _planes_and_maps(card)
    yield from _pooling(card)
    yield from _preprocessing(card)
    yield from _scale(card)
    yield from _beams(card)
    yield from _thresholds(card)


def _planes_and_maps(card: ModelCard) -> Iterator[Fault]:
    for field, values, needed in (
        ("planes", card.planes, "quantity"),
        ("maps", card.maps, "people"),
    ):
        if needed not in values:
            yield Fault(field, f'"{needed}" is not among them', f"{FIELDS[field]}; {needed} always")
        if len(set(values)) < len(values):
            yield Fault(field, f"{', '.join(values)}: one is there twice", "each at most once")


def _pooling(card: ModelCard) -> Iterator[Fault]:
    if isinstance(card.pooling, Pooling):
        if card.pooling.box_px > min(card.output_shape):
            yield Fault(
                "pooling.box_px",
                f"a box of {card.pooling.box_px} pixels is larger than the map, {_size(card.output_shape)}",
                f"at most {min(card.output_shape)}",
            )
        if "score" in card.maps:
            yield Fault(
                "pooling",
                '"highest_box_mean" pools the map of people, so the map "score" is never read',
                '"log_sum_exp", or the network without that map',
            )


def _preprocessing(card: ModelCard) -> Iterator[Fault]:
    how = card.preprocessing
    if not how.clip_low < how.clip_high:
        yield Fault(
            "preprocessing.clip_low",
            f"{how.clip_low:g} is not below clip_high, {how.clip_high:g}: every picture would be flat",
            "lower than clip_high",
        )
        return
    if not how.clip_low <= how.pad <= how.clip_high:
        yield Fault(
            "preprocessing.pad",
            f"{how.pad:g} lies outside of {how.clip_low:g} to {how.clip_high:g} and would be clipped",
            "what an empty place measures, between clip_low and clip_high",
        )


def _scale(card: ModelCard) -> Iterator[Fault]:
    if card.quantity == "temperature_excess_k":
        if card.range_c is not None and not card.range_c[0] < card.range_c[1]:
            yield Fault("range_c", f"it is {card.range_c[0]:g} to {card.range_c[1]:g}", FIELDS["range_c"])
    elif card.mm_per_px is None or not MM_PER_PX[0] <= card.mm_per_px <= MM_PER_PX[1]:
        given = "missing" if card.mm_per_px is None else f"{card.mm_per_px:g}"
        wanted = f"{FIELDS['mm_per_px']}, {MM_PER_PX[0]:g} to {MM_PER_PX[1]:g}"
        yield Fault("mm_per_px", f"it is {given}", wanted)


def _reach(card: ModelCard) -> Iterator[Fault]:
    how = card.preprocessing
    largest = max(abs(end - how.mean) / how.scale for end in (how.clip_low, how.clip_high))
    if largest > LARGEST_PREPARED:
        yield Fault(
            "preprocessing.scale",
            f"pictures would reach the network with values up to {largest:.3g}",
            "about the spread of a picture's values, so that the network is given numbers around 1",
        )
    if card.quantity == "temperature_excess_k" and card.range_c is None:
        yield Fault("range_c", "it is missing, -40 to 300 °C are taken", FIELDS["range_c"])
    if card.mm_per_px is None or not MM_PER_PX[0] <= card.mm_per_px <= MM_PER_PX[1]:
        return
    for side, pixels, lorry_mm in zip(("rows", "columns"), card.input_shape, LORRY_MM, strict=True):
        if pixels * card.mm_per_px < lorry_mm:
            yield Fault(
                "input_shape",
                f"{pixels} {side} of {card.mm_per_px:g} mm are {pixels * card.mm_per_px / 1000:.1f} m: "
                "larger lorries would be refused",
                f"at least {lorry_mm / card.mm_per_px:.0f} {side} at this mm_per_px",
            )


def _beams(card: ModelCard) -> Iterator[Fault]:
    if "beam" in card.planes and not card.beams:
        yield Fault("beams", 'there is a plane "beam" and no beam is named', FIELDS["beams"])
    for index, beam in enumerate(card.beams):
        if not beam.low_kv <= beam.high_kv:
            yield Fault(
                f"beams.{index}.low_kv",
                f"{beam.low_kv:g} is above high_kv, {beam.high_kv:g}",
                "the lowest voltage, kV (a linac's end point in keV)",
            )
    ordered = sorted(card.beams, key=lambda beam: beam.low_kv)
    for lower, upper in pairwise(ordered):
        if upper.low_kv <= lower.high_kv:
            yield Fault(
                "beams",
                f'"{lower.name}" and "{upper.name}" share voltages, nobody knows which is meant there',
                "ranges that do not touch",
            )
    for field, values in (("name", [b.name for b in card.beams]), ("code", [b.code for b in card.beams])):
        needed = field == "name" or "beam" in card.planes
        if needed and len(set(values)) < len(values):
            yield Fault("beams", f"two have the same {field}", f"each with a {field} of its own")


def _thresholds(card: ModelCard) -> Iterator[Fault]:
    names = {beam.name for beam in card.beams}
    seen: set[tuple[str, str, float]] = set()
    for index, one in enumerate(card.thresholds):
        where = f"thresholds.{index}"
        if names and one.beam not in names:
            yield Fault(f"{where}.beam", f'"{one.beam}" is none of its beams', f"one of {sorted(names)}")
        if not one.low <= one.threshold <= one.high:
            yield Fault(
                where,
                f"{one.threshold:g} lies outside of its own interval, {one.low:g} to {one.high:g}",
                "low, threshold and high in rising order",
            )
        if not 0 < one.false_alarms < 1 or one.empty < 1:
            yield Fault(
                where,
                f"false_alarms {one.false_alarms:g} of {one.empty} empty scenes",
                "a share between 0 and 1 of a number of scenes",
            )
        key = (one.beam, one.condition, one.false_alarms)
        if key in seen:
            yield Fault(where, f'"{one.beam}", "{one.condition}" is there twice', "each once")
        seen.add(key)
    for name, (low, high) in card.familiar.items():
        if not low <= high:
            yield Fault(f"familiar.{name}", f"{low:g} is above {high:g}", "lowest, then highest")


def weaknesses(card: ModelCard) -> tuple[Fault, ...]:
    """Return what a card leaves open: it can be used, and nobody can tell how good it is or where from."""
    return tuple(_all_weaknesses(card))


def _all_weaknesses(card: ModelCard) -> Iterator[Fault]:
    yield from _reach(card)
    yield from _provenance(card)
    yield from _figures(card)
    later = [f for f in ("planes", "maps", "beams", "thresholds", "familiar") if f in card.model_fields_set]
    if card.format_version == 1 and later:
        yield Fault("format_version", f"it is 1 and the card has {', '.join(later)}", "2")


def _provenance(card: ModelCard) -> Iterator[Fault]:
    for field in ("data_sha256", "code_sha256"):
        if not re.fullmatch(r"[0-9a-f]{64}", getattr(card, field)):
            yield Fault(field, f'it is "{getattr(card, field)[:20]}"', FIELDS[field])
    for field in ("trained_on", "limits", "score_semantics"):
        if not getattr(card, field).strip():
            yield Fault(field, "it is empty", FIELDS[field])
    if {"train", "validation", "test"} - set(card.seeds):
        yield Fault("seeds", f"it names {', '.join(sorted(card.seeds)) or 'nothing'}", FIELDS["seeds"])
    elif len(set(card.seeds.values())) < len(card.seeds):
        yield Fault("seeds", "two parts are the same", "parts that share no scene")


def _figures(card: ModelCard) -> Iterator[Fault]:
    if not 0 <= card.auc <= 1:
        yield Fault("auc", f"it is {card.auc:g}", FIELDS["auc"])
    if card.parameters < 1:
        yield Fault("parameters", f"it is {card.parameters}", FIELDS["parameters"])
    point = card.operating_point
    if not (0 <= point.test_false_alarms <= point.test_empty):
        yield Fault(
            "operating_point.test_false_alarms",
            f"{point.test_false_alarms} of {point.test_empty} empty scenes",
            "not more than test_empty",
        )
    if not (0 <= point.test_detected <= point.test_occupied):
        yield Fault(
            "operating_point.test_detected",
            f"{point.test_detected} of {point.test_occupied} occupied scenes",
            "not more than test_occupied",
        )
    if min(point.test_empty, point.test_occupied) < 1:
        yield Fault("operating_point", "it was never tested", "figures of the held-out test part")


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[0]} x {shape[1]}"
