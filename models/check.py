"""Everything that is right and wrong with a model file, a line each: for who made it and has to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import onnxruntime as ort

from models.card import CARD_KEY, ModelCard
from models.card_check import contradictions, read_faults, weaknesses
from models.check_answers import Answers, card_answers, raw_answers
from models.onnx_bytes import OnnxFacts, OnnxUnreadable, onnx_facts
from models.runtime import ImageModel, ModelMismatch, ModelMissing, open_session

LARGE_MB = 200.0
SLOW_S = 0.5
TOO_SLOW_S = 2.0
"""A lane shows a fault within two seconds: nothing may keep it longer."""
_WORDS = (
    (
        r"Could not find an implementation for (\S+?)\(\d+\)",
        "this onnxruntime has no {0} on the processor for these types",
        "export the network without {0}, in float32",
    ),
    (
        r"Unsupported model IR version: (\d+), max supported IR version: (\d+)",
        "its IR version {0} is newer than this onnxruntime reads, {1}",
        "export it with IR version {1} or older",
    ),
    (
        r"Opset (\d+) is under development .*?till opset (\d+)",
        "its opset {0} is newer than this onnxruntime knows, {1}",
        "export it with opset {1} or older",
    ),
    (
        r"(?:No Op registered for|Fatal error:) (\S+?)(?:\(| with)",
        "this onnxruntime does not know the operator {0}",
        "export the network with operators of the ONNX standard only",
    ),
)
"""What onnxruntime says, what that means, and what to do."""


class Verdict(StrEnum):
    """How a line is."""

    OK = "ok"
    NOTE = "note"  # the file can be used; something is missing or unusual
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at.

    Parameters
    ----------
    what : the thing, in a word or two.
    says : what was seen.
    mend : what to do; empty when there is nothing to do.
    """

    what: str
    verdict: Verdict
    says: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All lines on one file."""

    path: Path
    lines: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        """Whether a lane can use the file."""
        return all(line.verdict is not Verdict.WRONG for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"file": str(self.path), "passed": self.passed, "lines": [asdict(line) for line in self.lines]}


def check_model(path: Path) -> Report:
    """Look at a model file as far as it can be looked at; raises on nothing that is the file's own fault.

    Raises
    ------
    ModelMissing : there is no such file.
    """
    return Report(path, tuple(_lines(path)))


def _ok(what: str, says: str) -> Line:
    return Line(what, Verdict.OK, says)


def _note(what: str, says: str, mend: str = "") -> Line:
    return Line(what, Verdict.NOTE, says, mend)


def _wrong(what: str, says: str, mend: str) -> Line:
    return Line(what, Verdict.WRONG, says, mend)


def _lines(path: Path) -> Iterator[Line]:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ModelMissing(f"no model file at {path} ({error.strerror}): correct the path") from error
    yield _size(len(content) / 1e6)
    try:
        facts = onnx_facts(content)
    except OnnxUnreadable as error:
        says, _, mend = str(error).rpartition(": ")
        yield _wrong("ONNX", says, mend)
        return
    yield from _of_file(facts)
    try:
        session, _ = open_session(path)
    except ModelMismatch as error:
        session = None
        if not facts.external:  # that is why, and it is said
            yield _operators_wrong(str(error.__cause__), facts)
    else:
        kinds = ", ".join(facts.operators)
        yield _ok("operators", f"onnxruntime {ort.__version__} runs all of them on the processor: {kinds}")
    of_card = list(_card_lines(facts.metadata.get(CARD_KEY)))
    yield from of_card
    if session is None:
        return
    of_shapes = list(_shapes(session))
    yield from of_shapes
    if _any_wrong(of_shapes):
        return
    if any(line.what == "card" and line.verdict is Verdict.OK for line in of_card):
        card = ModelCard.model_validate_json(facts.metadata[CARD_KEY])
        against = list(_against_card(session, card))
        yield from against
        if not _any_wrong(against) and not contradictions(card):
            yield from _answers(card_answers(ImageModel(path), path))
            return
    yield _note("answers", "tried without the card: what a picture's score would be is not known yet")
    yield from _answers(raw_answers(path))


def _any_wrong(lines: list[Line]) -> bool:
    return any(line.verdict is Verdict.WRONG for line in lines)


def _size(megabytes: float) -> Line:
    if megabytes > LARGE_MB:
        return _note("file", f"{megabytes:.0f} MB: each start reads and hashes all of it", "make it smaller")
    return _ok("file", f"{megabytes:.2f} MB")


def _of_file(facts: OnnxFacts) -> Iterator[Line]:
    producer = f", by {facts.producer}" if facts.producer else ""
    yield _ok("ONNX", f"readable, IR version {facts.ir_version}{producer}")
    opsets = ", ".join(f"{domain or 'standard'} {version}" for domain, version in facts.opsets.items())
    if set(facts.opsets) - {""}:
        mend = "export it with the standard operators alone, or stay with this version of onnxruntime"
        yield _note("opset", f"{opsets}: other domains than the standard are not kept stable", mend)
    else:
        yield _ok("opset", opsets)
    if facts.external:
        yield _wrong(
            "weights",
            f"{len(facts.external)} are kept in another file ({facts.external[0]})",
            "export it as one file (torch.onnx.export: external_data=False)",
        )


def _operators_wrong(why: str, facts: OnnxFacts) -> Line:
    for pattern, says, mend in _WORDS:
        if found := re.search(pattern, why, re.DOTALL):
            return _wrong("operators", says.format(*found.groups()), mend.format(*found.groups()))
    first = why.splitlines()[0][:200] if why else "no reason given"
    return _wrong(
        "operators",
        f"onnxruntime {ort.__version__} does not load the network ({first})",
        f"export it again; it names {', '.join(facts.operators)}",
    )


def _card_lines(text: str | None) -> Iterator[Line]:
    if text is None:
        yield _wrong(
            "card",
            f'the file\'s metadata has no "{CARD_KEY}"',
            "write the card as JSON and put it in: lorryscan models card FILE --card card.json --out NEW",
        )
        return
    if '"lorryscan-person-detector"' in text:
        yield _wrong(
            "card",
            "it is a person detector's: lorryscan takes the one it comes with and no other",
            "give an image model, with a card of the format lorryscan-image-model",
        )
        return
    faults = read_faults(text)
    for fault in faults:
        yield _wrong(f"card: {fault.field}", fault.is_wrong, f"make it {fault.should}")
    if faults:
        return
    card = ModelCard.model_validate_json(text)
    yield _ok("card", f"{card.name} {card.version}, format {card.format_version}, {card.quantity}")
    for fault in contradictions(card):
        yield _wrong(f"card: {fault.field}", fault.is_wrong, f"make it {fault.should}")
    for fault in weaknesses(card):
        hashes = fault.field.endswith("_sha256")
        verdict = Verdict.WRONG if hashes else Verdict.NOTE
        yield Line(f"card: {fault.field}", verdict, fault.is_wrong, f"make it {fault.should}")


def _shapes(session: ort.InferenceSession) -> Iterator[Line]:
    """Look at the network's ends: one in, one out, of known size, float32."""
    for what, ends in (("input", session.get_inputs()), ("output", session.get_outputs())):
        if len(ends) != 1:
            names = ", ".join(end.name for end in ends)
            yield _wrong(what, f"the network has {len(ends)}: {names}", f"export it with a single {what}")
            continue
        (end,) = ends
        shape = " x ".join(str(n) for n in end.shape)
        if len(end.shape) != 4:
            mend = "export it with four dimensions: 1 picture, planes or maps, rows, columns"
            yield _wrong(what, f"{end.name} has {len(end.shape)} dimensions ({shape})", mend)
        elif not all(isinstance(n, int) and n > 0 for n in end.shape):
            mend = "export it with fixed sizes and batch 1 (torch.onnx.export: no dynamic_shapes)"
            yield _wrong(what, f"{end.name} is of no fixed size ({shape})", mend)
        elif end.shape[0] != 1:
            yield _wrong(
                what, f"{end.name} takes {end.shape[0]} pictures at a time", "export it with batch 1"
            )
        elif end.type != "tensor(float)":
            kind = end.type.removeprefix("tensor(").rstrip(")")
            yield _wrong(what, f"{end.name} is {kind}", "export it in float32")
        else:
            yield _ok(what, f"{end.name}: {shape}, float32")


def _against_card(session: ort.InferenceSession, card: ModelCard) -> Iterator[Line]:
    """Compare what the card says of the ends with the network's own."""
    ends = (
        ("planes", "input_shape", session.get_inputs()[0].shape, card.planes, card.input_shape),
        ("maps", "output_shape", session.get_outputs()[0].shape, card.maps, card.output_shape),
    )
    for parts, size, shape, named, wanted in ends:
        if len(named) != shape[1]:
            yield _wrong(
                parts,
                f"the card names {len(named)} ({', '.join(named)}), the network has {shape[1]}",
                f"name all {shape[1]} in the card, in the network's order",
            )
        if list(shape[2:]) != list(wanted):
            yield _wrong(
                size,
                f"the card says {wanted[0]} x {wanted[1]}, the network has {shape[2]} x {shape[3]}",
                f"make {size} {list(shape[2:])} in the card",
            )
        if len(named) == shape[1] and list(shape[2:]) == list(wanted):
            yield _ok(parts, f"{', '.join(named)}; {wanted[0]} x {wanted[1]}, as the network has")
    steps = [a / b for a, b in zip(card.input_shape, card.output_shape, strict=True)]
    if steps[0] != steps[1] or steps[0] != round(steps[0]):
        yield _note(
            "output_shape",
            f"a map's pixel is {steps[0]:.4g} by {steps[1]:.4g} of the picture's: marks will lie askew",
            "let a map be a whole fraction of the picture, the same in rows and columns",
        )


def _answers(found: Answers) -> Iterator[Line]:
    if found.not_finite:
        says = f"not finite for {', '.join(found.not_finite)}"
        yield _wrong("answers", says, "look for divisions, logarithms and roots in the network")
    else:
        yield _ok("answers", f"finite for {', '.join(found.tried)}")
    for what, worst in (("repeated runs", found.repeated), ("1 and 2 threads", found.threads)):
        says = f"{what} differ by up to {worst:.2g} of the largest answer"
        if worst <= found.tolerance:
            yield _ok("same answer", says)
        else:
            yield _wrong("same answer", says, "leave dropout and random operators out of the export")
    if found.spread is not None and not found.spread > 0:
        yield _wrong(
            "same answer", "every picture has the same score", "look whether the weights were exported"
        )
    if found.padding is not None:
        says = f"what follows the lorry changes the score by {found.padding:.2g} of the scores' range"
        if found.padding <= found.padding_limit:
            yield _ok("padding", says)
        else:
            mend = 'set preprocessing.pad to what an empty place measures, or train with "clear" 0 there'
            yield _wrong("padding", says, mend)
    if found.empty_alarms:
        yield _note(
            "empty picture",
            "a picture with nothing in it scores above the card's own threshold",
            "train with empty pictures, or look whether preprocessing is that of the training",
        )
    timing = f"{found.seconds * 1000:.0f} ms a picture on one thread (median of {found.runs})"
    if found.seconds > TOO_SLOW_S:
        yield _wrong("time", f"{timing}: a lane would stand still for it", f"bring it below {TOO_SLOW_S:g} s")
    elif found.seconds > SLOW_S:
        yield _note("time", timing, "make it faster if the lane's computer is small")
    else:
        yield _ok("time", timing)
