"""``lorryscan demo``: a lane of twins, and lorries that come."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scanner.demo.director import Director, Played
from scanner.demo.twins import DemoTwins
from scanner.lane.agent import LaneAgent
from scanner.lane.config import load_lane_config
from scanner.methods import load_kit
from scanner.simulation.sources import LaneSource
from scanner.simulation.stream import demo_stream
from service.lane_terminal import attend


def demo(
    data: Annotated[Path, typer.Option("--data", help="where recordings and outbox go")] = Path("demo-data"),
    lorries: Annotated[int | None, typer.Option("--lorries", help="how many lorries; default all")] = None,
    first: Annotated[int, typer.Option("--first", help="number of the first lorry")] = 1,
    recordings: Annotated[
        Path | None, typer.Option("--recordings", help="play real recordings from this folder instead")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="en or fr")] = "en",
) -> None:
    """Run a lane whose devices are twins, and send it lorries."""
    console = Console()
    plans = list(demo_stream())[first - 1 :][:lorries]
    if not plans:
        raise typer.BadParameter(f"there are {len(demo_stream())} lorries", param_hint="--first")
    folder = data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with DemoTwins(LaneSource(plans[0].spec), folder) as twins:
        lane_file = folder / "lane.toml"
        lane_file.write_text(twins.lane_toml("demo", folder), encoding="utf-8")
        agent = LaneAgent(load_lane_config(lane_file), load_kit())
        director = Director(agent, twins, plans, lambda line: _say(console, line))
        director.start()
        try:
            attend(agent, console, language, finished=lambda: director.finished)
        finally:
            director.stop()
    if director.failure is not None:
        raise director.failure
    show(director.played, folder, console)


def _say(console: Console, line: str) -> None:
    """Tell what the play does, unless a live view has the screen."""
    if not console.is_terminal:
        console.print(f"{time.strftime('%H:%M:%S')} {line}", markup=False, highlight=False, soft_wrap=True)


def show(played: list[Played], folder: Path, console: Console) -> None:
    """Print what was true and what was recommended, and where to look further."""
    table = Table(title="what came", title_justify="left")
    for heading in ("lorry", "people inside", "recommendation", "posterior"):
        table.add_column(heading)
    for one in played:
        last = one.assessment
        advice = last.recommendation.value if last else "none"
        table.add_row(one.title, str(one.persons), advice, f"{last.posterior:.3g}" if last else "")
    console.print(table)
    console.print(f"Recordings: {folder}/scans. Replay them: lorryscan replay {folder}", highlight=False)
