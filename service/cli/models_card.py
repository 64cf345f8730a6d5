"""``lorryscan models card``: puts a card into an ONNX file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from drivers.api import ConfigError
from models.card import CARD_KEY, ModelCard
from models.card_check import contradictions, read_faults
from models.onnx_bytes import with_metadata
from models.runtime import ModelMissing
from service.cli.models_check import MODEL_FILE
from service.cli.out_file import check_can_write


def card(
    file: MODEL_FILE,
    card_file: Annotated[Path, typer.Option("--card", help="the card, JSON")],
    out: Annotated[Path, typer.Option("--out", help="the new ONNX file")],
) -> None:
    """Put a card into an ONNX file; one that it carries already is replaced. The network stays as it is."""
    if out.resolve() == file.resolve():
        raise ConfigError(f"--out {out}: this is the file itself: give the new one another name")
    check_can_write(out, "--out")
    try:
        text = card_file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"--card {card_file}: not a text file: give the card as JSON, in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"--card {card_file}: cannot be read ({error.strerror}): check the path") from None
    faults = read_faults(text) or contradictions(ModelCard.model_validate_json(text))
    if faults:
        listed = "\n  ".join(str(fault) for fault in faults)
        raise ConfigError(f"--card {card_file}: {len(faults)} to mend:\n  {listed}")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelMissing(f"no model file at {file} ({error.strerror}): correct the path") from error
    checked = ModelCard.model_validate_json(text)
    out.write_bytes(with_metadata(content, CARD_KEY, _written(checked)))
    console = Console()
    console.print(
        f"{out}: {file} with the card of {checked.name}", markup=False, highlight=False, soft_wrap=True
    )
    console.print(f"next: lorryscan models check {out}", markup=False, highlight=False, soft_wrap=True)


def _written(checked: ModelCard) -> str:
    # what the maker left out stays out; the format is always said
    always = {"format": checked.format, "format_version": checked.format_version}
    return json.dumps(always | checked.model_dump(mode="json", exclude_unset=True), ensure_ascii=False)
