"""``lorryscan demo``: a lane of twins, lorries that come, and the service with its booth."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from scanner.demo.director import Director, Plan, Played
from scanner.demo.recorded import METHOD_OF, SHAKE, RecordedVisit, recorded_visits, wire_of
from scanner.demo.twins import DemoTwins
from scanner.evidence import Evidence, EvidenceState, Reason
from scanner.lane.agent import LaneAgent
from scanner.lane.config import load_lane_config
from scanner.lane.folder import hold_folder
from scanner.methods import load_kit
from scanner.simulation.sources import LaneSource
from scanner.simulation.stream import demo_stream
from scanner.wording import Language, sentence
from service.demo.screen import DemoScreen
from service.terminal.attend import attend

if TYPE_CHECKING:
    from service.demo.service_process import DemoService

LANE_ID = "demo"
TOKEN_FILE = "lane.token"


def demo(
    data: Annotated[
        Path, typer.Option("--data", help="where recordings, outbox and the service's data go")
    ] = Path("demo-data"),
    lorries: Annotated[
        int | None, typer.Option("--lorries", min=1, help="end after so many; else they come until Ctrl-C")
    ] = None,
    first: Annotated[int, typer.Option("--first", min=1, help="number of the first lorry")] = 1,
    recordings: Annotated[
        Path | None, typer.Option("--recordings", help="play real recordings from this folder instead, once")
    ] = None,
    no_service: Annotated[
        bool, typer.Option("--no-service", help="the lane alone, every lorry once, no booth")
    ] = False,
    language: Annotated[Language, typer.Option("--language", help="of the sentences")] = Language.EN,
) -> None:
    """Run a lane whose devices are twins, send it lorries, and show it all on a booth's page.

    ``quit`` or Ctrl-C ends it: what was played is shown, what was recorded stays.
    """
    console = Console()
    every: Sequence[Plan] = recorded_visits(recordings) if recordings else demo_stream()
    if first > len(every):
        raise typer.BadParameter(f"there are {len(every)} lorries", param_hint="--first")
    plans = which(every, first, lorries, once=no_service or recordings is not None)
    folder = data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    hold_folder(folder).close()  # refuse before the running demonstration's ports are touched
    shake_file = recordings / SHAKE if recordings and (recordings / SHAKE).exists() else None
    screen = DemoScreen(console, language)
    source = LaneSource(every[first - 1].spec)
    played: list[Played] = []
    with (
        contextlib.suppress(KeyboardInterrupt),  # before the lane attends to it itself
        running_service(folder, screen, no_service) as service,
        DemoTwins(source, folder, shake_file) as twins,
    ):
        lane_file = folder / "lane.toml"
        told = {"url": service.address, "token_file": TOKEN_FILE} if service else None
        lane_file.write_text(twins.lane_toml(LANE_ID, folder, told), encoding="utf-8")
        agent = LaneAgent(load_lane_config(lane_file), load_kit())
        director = Director(agent, twins, plans, screen.say)
        if service:
            screen.show_booth(service)
        director.start()
        try:
            attend(agent, console, language, lambda: director.finished, screen.notice)
        finally:
            director.stop()
        if director.failure is not None:
            raise director.failure
        played += director.played
    screen.end(played, folder)
    if recordings and played:
        page = folder / "recordings.md"
        page.write_text(recorded_table(played, recordings), encoding="utf-8")
        screen.line(Reason("demo_wires", {"page": str(page)}))


def which(every: Sequence[Plan], first: int, lorries: int | None, once: bool) -> Iterable[Plan]:
    """Return the lorries to play: a list where their number is known, else round and round.

    Examples
    --------
    >>> [lorry.name for lorry in which(demo_stream(), 5, 2, once=False)]
    ['probe fails', 'empty reefer']
    >>> [lorry.name for lorry in which(demo_stream(), 5, 2, once=True)]
    ['probe fails']
    """
    if once:
        return every[first - 1 :][:lorries]
    round_and_round = itertools.islice(itertools.cycle(every), first - 1, None)
    return round_and_round if lorries is None else list(itertools.islice(round_and_round, lorries))


@contextlib.contextmanager
def running_service(folder: Path, screen: DemoScreen, no_service: bool) -> Iterator[DemoService | None]:
    """Run the demonstration's service, its logins made and the lane's token written; None without one."""
    if no_service:
        yield None
        return
    from service.demo.service_process import DemoService

    service = DemoService(folder, screen.say_of_service)
    token = folder / TOKEN_FILE
    token.unlink(missing_ok=True)
    token.touch(mode=0o600)
    token.write_text(service.prepare(LANE_ID) + "\n", encoding="utf-8")
    with service:
        yield service


def recorded_table(played: Iterable[Played], root: Path) -> str:
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
