"""``lorryscan models show``: what a model file says of itself."""

from __future__ import annotations

import hashlib
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.card import CARD_KEY, ModelCard
from models.card_check import read_faults
from models.onnx_bytes import onnx_facts
from models.runtime import ModelMismatch, ModelMissing
from service.cli.models_check import MODEL_FILE


def show(file: MODEL_FILE) -> None:
    """Show a model's card: what it is for, what it was trained on, its thresholds and figures."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelMissing(f"no model file at {file} ({error.strerror}): correct the path") from error
    text = onnx_facts(content).metadata.get(CARD_KEY)
    if text is None or read_faults(text):
        raise ModelMismatch(
            f"{file} carries no card of an image model of this version: see lorryscan models check {file}"
        )
    card = ModelCard.model_validate_json(text)
    sha256 = hashlib.sha256(content).hexdigest()
    console = Console()
    head = Text.assemble((f"{card.name}@{sha256[:12]}", "bold"), (f"  version {card.version}, {file}", "dim"))
    console.print(head, soft_wrap=True)
    console.print(_facts(card, sha256))
    if card.beams:
        console.print(_beams(card))
    if card.thresholds:
        console.print(_thresholds(card))
    if card.familiar:
        console.print(_familiar(card))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right", no_wrap=True)
    return table


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[0]} x {shape[1]} pixels"


def _facts(card: ModelCard, sha256: str) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    scale = f", {card.mm_per_px:g} mm each" if card.mm_per_px is not None else ""
    how, point = card.preprocessing, card.operating_point
    pooling = ", ".join(f"{key} {value}" for key, value in card.pooling.model_dump().items() if key != "kind")
    rows: list[tuple[str, Any]] = [
        ("pictures", f"{card.quantity}, {_size(card.input_shape)}{scale}"),
        ("planes", ", ".join(card.planes)),
        ("prepared", f"cut to {how.clip_low:g} to {how.clip_high:g}, minus {how.mean:g}, over {how.scale:g}; "
            f"filled up with {how.pad:g}"),
        ("maps", f"{', '.join(card.maps)}, {_size(card.output_shape)}"),
        ("score", f"{card.pooling.kind} ({pooling}): {card.score_semantics}"),
        ("trained on", card.trained_on),
        ("limits", card.limits),
        *((f"part {name}", text) for name, text in card.seeds.items()),
        ("weights", f"{card.parameters}"),
        ("test part", f"AUC {card.auc:g}; above {point.threshold:g}: {point.test_detected} of "
            f"{point.test_occupied} occupied, {point.test_false_alarms} of {point.test_empty} empty"),
        ("data", card.data_sha256),
        ("code", card.code_sha256),
        ("file", sha256),
    ]  # fmt: skip
    if card.energies_mev:
        rows.insert(1, ("energies", ", ".join(f"{e:g} MeV" for e in card.energies_mev)))
    if card.range_c is not None:
        rows.insert(1, ("range", f"{card.range_c[0]:g} to {card.range_c[1]:g} °C"))
    for name, value in rows:
        table.add_row(Text(name), Text(str(value)))
    return table


def _beams(card: ModelCard) -> Table:
    table = _table("\nbeam", "from kV", "to kV", "code")
    for beam in card.beams:
        table.add_row(Text(beam.name), f"{beam.low_kv:g}", f"{beam.high_kv:g}", f"{beam.code:g}")
    return table


def _thresholds(card: ModelCard) -> Table:
    table = _table("\nbeam", "condition", "false alarms", "threshold", "95 % interval", "empty scenes")
    for one in card.thresholds:
        table.add_row(
            Text(one.beam),
            Text(one.condition),
            f"{100 * one.false_alarms:g} %",
            f"{one.threshold:.3f}",
            f"{one.low:.3f} to {one.high:.3f}",
            str(one.empty),
        )
    return table


def _familiar(card: ModelCard) -> Table:
    table = _table("\nfeature in training", "lowest", "highest")
    for name, (low, high) in card.familiar.items():
        table.add_row(Text(name), f"{low:g}", f"{high:g}")
    return table
