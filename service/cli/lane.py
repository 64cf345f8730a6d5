"""``lorryscan lane``: one lane, from its devices to its terminal view."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scanner.lane.agent import LaneAgent
from scanner.lane.config import load_lane_config
from scanner.lane.kit import load_lane_kit
from scanner.wording import Language
from service.terminal.attend import attend

LANGUAGE = Annotated[Language, typer.Option("--language", help="of the sentences")]


def lane(
    config: Annotated[Path, typer.Option("--config", help="the lane's TOML file")],
    language: LANGUAGE = Language.EN,
) -> None:
    """Run one lane: devices, recorder, pipeline, outbox, and a terminal view."""
    checked = load_lane_config(config)
    kit = load_lane_kit(checked, config)
    for note in kit.notes():
        Console(stderr=True).print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    attend(LaneAgent(checked, kit), Console(), language)
