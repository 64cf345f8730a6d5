"""The lane's terminal view: recommendation, evidence, devices, what to do.

Whatever comes from outside (plates, scan ids, devices' reasons, sentences) is
drawn as `Text`: rich would read brackets in a string as markup.
"""

from __future__ import annotations

import math

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from drivers.api import ConnectionState
from scanner.evidence import Assessment, Evidence, EvidenceState, Reason, Recommendation
from scanner.lane.snapshot import DeviceView, LaneSnapshot, ScanLine
from scanner.vehicle import Declaration
from scanner.wording import Language, name, sentence
from service.terminal.life_lines import life_lines

STATE_STYLE = {
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
    snapshot: LaneSnapshot,
    language: str = "en",
    prompt: str = "",
    answer: str = "",
    rows: int | None = None,
    link: Reason | None = None,
) -> RenderableType:
    """Draw a lane: what to do with the lorry first, the command line always.

    Parameters
    ----------
    prompt : the command line as typed so far.
    answer : what the last command led to.
    rows : the screen's; what does not fit is cut short, then left out, from the end.
    link : whether the service hears the lane; None for a lane without a service.
    """
    typed = Text.assemble((answer + "\n" if answer else ""), ("> ", "bold"), prompt, ("▏", "dim"))
    bodies = [Group(*_body(snapshot, language, one_line, link)) for one_line in (False, True)]
    inside = None if rows is None else rows - 2  # the frame's
    title = Text(f"lorryscan lane {snapshot.lane_id}")
    return Panel(_Fitted(bodies, typed, inside, language), title=title, border_style="blue")


def word(code: str, language: str, **values: float | str) -> str:
    """Return a word of the terminal's own."""
    return sentence(Reason(f"terminal_{code}", values), language)


def _body(snapshot: LaneSnapshot, language: str, one_line: bool, link: Reason | None) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Text(f"! {sentence(fault, language)}", style="bold white on red") for fault in snapshot.faults
    ]
    if link is not None:
        style = "green" if link.code == "link_connected" else "bold yellow"
        parts.append(Text(sentence(link, language), style=style))
    if snapshot.declaration is not None:
        probe = "probe_in" if snapshot.probe_in else "probe_out"
        where = word(probe, language, seconds=snapshot.elapsed_s)
        head = _head(snapshot.declaration, snapshot.scan_id, snapshot.visit, where, language)
        parts.append(_scan(head, snapshot.assessment, language, one_line))
    else:
        last = snapshot.last
        if last is not None:
            where = word("visit_ended", language)
            head = _head(last.declaration, last.scan_id, last.visits, where, language)
            parts.append(_scan(head, last.assessment, language, one_line))
        parts.append(Text(word("no_lorry", language), style="bold"))
    parts.append(_devices(snapshot.devices, language, one_line))
    if snapshot.waiting:
        parts.append(_waiting(snapshot, language))
    return parts


class _Fitted:
    """Draws the first body that fits above a foot; where none fits, the last one's end gives way."""

    def __init__(self, bodies: list[Group], foot: Text, rows: int | None, language: str) -> None:
        self.bodies, self.foot, self.rows, self.language = bodies, foot, rows, language

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        options = options.reset_height()
        foot = console.render_lines(self.foot, options, pad=False)
        for candidate in self.bodies:
            body = console.render_lines(candidate, options, pad=False)
            if self.rows is None or len(body) + len(foot) <= self.rows:
                break
        if self.rows is not None and len(body) + len(foot) > self.rows:
            more = Text(word("more_below", self.language), style="dim")
            foot = [*console.render_lines(more, options, pad=False), *foot]
            body = body[: max(self.rows - len(foot), 0)]
        for line in (*body, *foot):
            yield from line
            yield Segment.line()


def _devices(devices: tuple[DeviceView, ...], language: str, one_line: bool) -> Table:
    table = Table(expand=True, show_edge=False, pad_edge=False)
    for heading in ("sensor", "role", "state"):
        table.add_column(word(heading, language), no_wrap=True)
    table.add_column(word("newest", language), ratio=2, no_wrap=True)
    table.add_column(word("what_to_do", language), ratio=3, no_wrap=one_line)
    for device in devices:
        state = device.connection
        table.add_row(
            Text(device.name),
            name("role", device.role.value, language),
            Text(name("connection", state.value, language), style=STATE_STYLE[state]),
            Text(sentence(device.newest, language) if device.newest else ""),
            Text(what_to_do(device, language)),
        )
    return table


def what_to_do(device: DeviceView, language: str) -> str:
    """Say what was lost with a device and what to do, then what its driver says in its own words."""
    said = sentence(device.reason, language) if device.reason is not None else ""
    if said and device.detail:
        return f"{said} ({device.detail})"
    return said or device.detail


def _head(declared: Declaration, scan_id: str, visit: int, where: str, language: str) -> Text:
    values = {"vehicle": declared.vehicle_class.value, "cargo": declared.cargo.value}
    lorry = declared.plate or scan_id
    if declared.profile:
        values["profile"] = declared.profile
    code = "head_profile" if declared.profile else "head"
    return Text(word(code, language, lorry=lorry, visit=visit, where=where, **values))


def _scan(head: Text, assessment: Assessment | None, language: str, one_line: bool) -> Panel:
    body: list[RenderableType] = []
    if assessment:
        body = [advice(assessment, language), evidence_table(assessment, language, one_line)]
    return Panel(Group(*body), title=head, title_align="left")


def advice(assessment: Assessment, language: str) -> RenderableType:
    """Draw the recommendation, its first reasons and the time to danger."""
    code = f"advice_{assessment.recommendation.name.lower()}"
    lines = Text(sentence(Reason(code), language), style=_ADVICE_STYLE[assessment.recommendation])
    kind = word("final" if assessment.final else "so_far", language)
    lines.append(f"  ({kind})\n", style="default on default")
    for reason in assessment.reasons[:3]:
        lines.append(f"  {sentence(reason, language)}\n", style="default on default")
    lines.append(f"  {sentence(assessment.life_risk.reason, language)}", style="default on default")
    for line in life_lines(assessment.life_risk, language):
        lines.append(f"\n    {line}", style="default on default")
    for step in assessment.procedure:
        lines.append(f"\n  → {sentence(step, language)}", style="bold default on default")
    return lines


def evidence_table(assessment: Assessment, language: str, one_line: bool = False) -> Table:
    """Draw each method's evidence as a signed bar with its reason, cut to ``one_line`` if so."""
    table = Table(expand=True, show_edge=False, pad_edge=False)
    table.add_column(word("method", language), no_wrap=True)
    table.add_column(word("empty_people", language), no_wrap=True)
    table.add_column(word("llr", language), justify="right", no_wrap=True)
    table.add_column(word("why", language), ratio=1, no_wrap=one_line)
    for evidence in assessment.evidences:
        table.add_row(
            Text(name("modality", evidence.modality, language)),
            _bar(evidence, language),
            decimal(f"{evidence.llr:+.2f}", language) if evidence.state is EvidenceState.READY else "–",
            Text(sentence(evidence.reason, language) if evidence.reason else ""),
        )
    return table


def decimal(number: str, language: str) -> str:
    """Return a printed number with the language's decimal sign."""
    return number.replace(".", ",") if language == Language.FR else number


def _bar(evidence: Evidence, language: str) -> Text:
    if evidence.state is not EvidenceState.READY:
        style = "bold yellow" if evidence.state is EvidenceState.UNAVAILABLE else "dim"
        code = "cannot_tell" if evidence.state is EvidenceState.UNAVAILABLE else "measuring"
        return Text(word(code, language).center(2 * BAR_HALF_WIDTH + 1), style=style)
    length = min(round(abs(evidence.llr) / BAR_FULL_LLR * BAR_HALF_WIDTH), BAR_HALF_WIDTH)
    if evidence.llr < 0:
        return Text(
            " " * (BAR_HALF_WIDTH - length) + "█" * length + "│" + " " * BAR_HALF_WIDTH, style="green"
        )
    return Text(
        " " * BAR_HALF_WIDTH + "│" + "█" * length + " " * (BAR_HALF_WIDTH - length), style="dark_orange"
    )


def _waiting(snapshot: LaneSnapshot, language: str) -> Table:
    title = word("open_scans", language)
    table = Table(title=title, title_justify="left", expand=True, show_edge=False)
    for heading in ("scan", "plate", "visits", "second_dip", "last"):
        table.add_column(word(heading, language))
    for line in sorted(snapshot.waiting, key=_due_ms):
        last = word("none_yet", language)
        if line.assessment:
            last = name("recommendation", line.assessment.recommendation.value, language)
        due = _due(_due_ms(line), snapshot.utc_ms, language)
        table.add_row(Text(line.scan_id), Text(line.declaration.plate), str(line.visits), due, last)
    return table


def _due_ms(line: ScanLine) -> float:
    due_ms = line.assessment.second_dip_due_utc_ms if line.assessment else None
    return math.inf if due_ms is None else due_ms


def _due(due_ms: float, now_ms: float, language: str) -> Text:
    """When the second CO2 dip is due: minutes left, now, or overdue."""
    if math.isinf(due_ms):
        return Text("–")
    left_min = (due_ms - now_ms) / 60_000.0
    if left_min >= 1.0:
        return Text(word("due_in", language, minutes=left_min))
    if left_min > -5.0:
        return Text(word("due_now", language), style="bold black on yellow")
    return Text(word("overdue", language, minutes=-left_min), style="bold white on red")
