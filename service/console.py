"""The lane's terminal view: devices, evidence, recommendation, what to do."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from drivers.api import ConnectionState
from scanner.evidence import Assessment, Evidence, EvidenceState, Reason, Recommendation
from scanner.lane.snapshot import DeviceView, LaneSnapshot
from scanner.vehicle import Declaration
from scanner.wording import sentence

_STATE_STYLE = {
    ConnectionState.READY: "green",
    ConnectionState.WARMING_UP: "yellow",
    ConnectionState.OPENING: "yellow",
    ConnectionState.DEGRADED: "bold yellow",
    ConnectionState.LOST: "bold white on red",
    ConnectionState.CLOSED: "dim",
}
_ADVICE_STYLE = {
    Recommendation.NO_INDICATION: "bold green",
    Recommendation.SEARCH: "bold white on dark_orange3",
    Recommendation.RESCUE: "bold white on red",
    Recommendation.INCONCLUSIVE: "bold black on yellow",
}
BAR_HALF_WIDTH = 12
BAR_FULL_LLR = 6.0


def render(
    snapshot: LaneSnapshot, language: str = "en", prompt: str = "", answer: str = ""
) -> RenderableType:
    """Draw a lane.

    Parameters
    ----------
    prompt : the command line as typed so far.
    answer : what the last command led to.
    """
    parts: list[RenderableType] = [_devices(snapshot.devices)]
    parts += [Text(f"! {fault}", style="bold white on red") for fault in snapshot.faults]
    if snapshot.declaration is not None:
        where = f"{snapshot.elapsed_s:.0f} s  probe {'in' if snapshot.probe_in else 'out'}"
        parts.append(
            _scan(
                snapshot.declaration, snapshot.scan_id, snapshot.visit, where, snapshot.assessment, language
            )
        )
    else:
        if snapshot.last is not None:
            last = snapshot.last
            parts.append(
                _scan(last.declaration, last.scan_id, last.visits, "visit ended", last.assessment, language)
            )
        parts.append(Text("No lorry in the lane. Type: start reefer boxed PLATE", style="bold"))
    if snapshot.waiting:
        parts.append(_waiting(snapshot))
    parts.append(Text.assemble((answer + "\n" if answer else ""), ("> ", "bold"), prompt, ("▏", "dim")))
    return Panel(Group(*parts), title=f"lorryscan lane {snapshot.lane_id}", border_style="blue")


def _devices(devices: tuple[DeviceView, ...]) -> Table:
    table = Table(expand=True, show_edge=False, pad_edge=False)
    for heading in ("sensor", "role", "state", "newest"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what to do", ratio=1)
    for device in devices:
        state = device.state.state if device.state else ConnectionState.OPENING
        table.add_row(
            device.name,
            device.role.value,
            Text(state.value.replace("_", " "), style=_STATE_STYLE[state]),
            device.newest,
            device.state.reason if device.state else "",
        )
    return table


def _scan(
    declared: Declaration,
    scan_id: str,
    visit: int,
    where: str,
    assessment: Assessment | None,
    language: str,
) -> Panel:
    head = f"{declared.plate or scan_id}  {declared.vehicle_class.value}, {declared.cargo.value}"
    body: list[RenderableType] = []
    if assessment:
        body = [advice(assessment, language), evidence_table(assessment, language)]
    return Panel(Group(*body), title=f"{head}  visit {visit}  {where}", title_align="left")


def advice(assessment: Assessment, language: str) -> RenderableType:
    """Draw the recommendation, its first reasons and the time to danger."""
    code = f"advice_{assessment.recommendation.name.lower()}"
    lines = Text(sentence(Reason(code), language), style=_ADVICE_STYLE[assessment.recommendation])
    lines.append(f"  ({'final' if assessment.final else 'so far'})\n", style="default on default")
    for reason in assessment.reasons[:3]:
        lines.append(f"  {sentence(reason, language)}\n", style="default on default")
    lines.append(f"  {sentence(assessment.life_risk.reason, language)}", style="default on default")
    return lines


def evidence_table(assessment: Assessment, language: str) -> Table:
    """Draw each method's evidence as a signed bar with its reason."""
    table = Table(expand=True, show_edge=False, pad_edge=False)
    table.add_column("method", no_wrap=True)
    table.add_column("empty ◄    ► people", no_wrap=True)
    table.add_column("llr", justify="right", no_wrap=True)
    table.add_column("why", ratio=1)
    for evidence in assessment.evidences:
        table.add_row(
            evidence.modality,
            _bar(evidence),
            f"{evidence.llr:+.2f}" if evidence.state is EvidenceState.READY else "–",
            sentence(evidence.reason, language) if evidence.reason else "",
        )
    return table


def _bar(evidence: Evidence) -> Text:
    if evidence.state is not EvidenceState.READY:
        style = "bold yellow" if evidence.state is EvidenceState.UNAVAILABLE else "dim"
        word = "cannot tell" if evidence.state is EvidenceState.UNAVAILABLE else "measuring"
        return Text(word.center(2 * BAR_HALF_WIDTH + 1), style=style)
    length = min(round(abs(evidence.llr) / BAR_FULL_LLR * BAR_HALF_WIDTH), BAR_HALF_WIDTH)
    if evidence.llr < 0:
        return Text(
            " " * (BAR_HALF_WIDTH - length) + "█" * length + "│" + " " * BAR_HALF_WIDTH, style="green"
        )
    return Text(
        " " * BAR_HALF_WIDTH + "│" + "█" * length + " " * (BAR_HALF_WIDTH - length), style="dark_orange"
    )


def _waiting(snapshot: LaneSnapshot) -> Table:
    table = Table(title="open scans", title_justify="left", expand=True, show_edge=False)
    for heading in ("scan", "plate", "visits", "last recommendation"):
        table.add_column(heading)
    for line in snapshot.waiting:
        last = line.assessment.recommendation.value if line.assessment else "none yet"
        table.add_row(line.scan_id, line.declaration.plate, str(line.visits), last)
    return table
