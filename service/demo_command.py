"""``lorryscan demo``: a lane of twins, and lorries that come."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scanner.demo.director import Director, Plan, Played
from scanner.demo.recorded import METHOD_OF, SHAKE, RecordedVisit, recorded_visits, wire_of
from scanner.demo.twins import DemoTwins
from scanner.evidence import Evidence, EvidenceState
from scanner.lane.agent import LaneAgent
from scanner.lane.config import load_lane_config
from scanner.lane.folder import hold_folder
from scanner.methods import load_kit
from scanner.simulation.sources import LaneSource
from scanner.simulation.stream import demo_stream
from scanner.wording import Language, sentence
from service.lane_terminal import attend


def demo(
    data: Annotated[Path, typer.Option("--data", help="where recordings and outbox go")] = Path("demo-data"),
    lorries: Annotated[
        int | None, typer.Option("--lorries", min=1, help="how many lorries; default all")
    ] = None,
    first: Annotated[int, typer.Option("--first", min=1, help="number of the first lorry")] = 1,
    recordings: Annotated[
        Path | None, typer.Option("--recordings", help="play real recordings from this folder instead")
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="of the sentences")] = Language.EN,
) -> None:
    """Run a lane whose devices are twins, and send it lorries.

    ``quit`` or Ctrl-C ends it early: what was played is shown, what was recorded stays.
    """
    console = Console()
    every: Sequence[Plan] = recorded_visits(recordings) if recordings else demo_stream()
    plans = every[first - 1 :][:lorries]
    if not plans:
        raise typer.BadParameter(f"there are {len(every)} lorries", param_hint="--first")
    folder = data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    hold_folder(folder).close()  # refuse before the running demonstration's ports are touched
    shake_file = recordings / SHAKE if recordings and (recordings / SHAKE).exists() else None
    with DemoTwins(LaneSource(plans[0].spec), folder, shake_file) as twins:
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
    if not director.played:
        console.print("The demonstration was ended before a lorry was through.")
    show(director.played, folder, console)
    if recordings and director.played:
        page = folder / "recordings.md"
        page.write_text(recorded_table(director.played, recordings), encoding="utf-8")
        line = f"Which file went in by which wire, and what came out: {page}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


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
        table.add_row(
            Text(one.plan.name), str(one.plan.spec.persons), advice, f"{last.posterior:.3g}" if last else ""
        )
    if played:
        console.print(table)
    line = f"Recordings: {folder}/scans. Replay them: lorryscan replay {folder}"
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def recorded_table(played: list[Played], root: Path) -> str:
    """Return a Markdown table: file, wire, and the evidence of the method that read it."""
    rows = ["| visit | file | wire | evidence | recommendation |", "|---|---|---|---|---|"]
    for one in played:
        if not isinstance(one.plan, RecordedVisit) or one.assessment is None:
            continue
        by_method = {e.modality: e for e in one.assessment.evidences}
        for sensor, file in one.plan.files.items():
            said = evidence_words(by_method[METHOD_OF[sensor]])
            rows.append(
                f"| {one.plan.name} | `{file.relative_to(root)}` | {wire_of(sensor)} | {said} "
                f"| {one.assessment.recommendation.value} |"
            )
    return "\n".join(rows) + "\n"


def evidence_words(evidence: Evidence) -> str:
    """Return one method's last word in a table's cell."""
    why = sentence(evidence.reason) if evidence.reason else ""
    ready = evidence.state is EvidenceState.READY
    said = f"llr {evidence.llr:+.2f}" if ready else evidence.state.value
    if "site_ground_um_s" in evidence.features:
        why += f" The site's ground: {evidence.features['site_ground_um_s']:.2g} µm/s rms."
    return f"{evidence.modality}: {said}. {why}"
