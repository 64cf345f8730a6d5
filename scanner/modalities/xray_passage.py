"""One X-ray passage: lines collected as they come."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.api import LineBlock, LineKind, LineScanEnd
from scanner.evidence import Reason


class PassageUnusable(Exception):
    """The picture says nothing; the reason tells why."""

    def __init__(self, code: str, **values: float | str) -> None:
        super().__init__(code)
        self.reason = Reason(code, values)


@dataclass(slots=True)
class Passage:
    """What one detector sent for one vehicle.

    Dark and air lines stay valid for passages of the same visit that follow them;
    data lines of a new run of the detector replace those of the last. A run is what
    the detector sends from line 1 to END; its scan number may come again.

    Parameters
    ----------
    visit : counts the visits of the scan; passages of a later visit are newer.
    dark, air, data : of energy 0; ``after`` air lines after the data lines of the same run.
    further : the same of the other energies, by index and kind.
    heard_kv : what the X-ray supply told last while data lines came, None = nothing.
    """

    visit: int = 0
    dark: list[LineBlock] = field(default_factory=list)
    air: list[LineBlock] = field(default_factory=list)
    after: list[LineBlock] = field(default_factory=list)
    data: list[LineBlock] = field(default_factory=list)
    further: dict[int, Passage] = field(default_factory=dict)
    end: LineScanEnd | None = None
    taken: int = 0  # lines of every kind and energy in the run that END closed
    last_ns: int = 0
    beam_off_seen: bool = False
    heard_kv: float | None = None
    _run: int = 0
    _scan: int | None = None  # None: the run is over
    _lines: int = 0
    _last_number: dict[int, int] = field(default_factory=dict)  # by energy
    _run_of: dict[LineKind, int] = field(default_factory=dict)

    @property
    def data_run(self) -> int:
        """The detector's run that the data lines belong to, counted from 1."""
        return self._run_of.get(LineKind.DATA, 0)

    def take(self, block: LineBlock) -> None:
        """Add a block; one of another run or width replaces what it cannot join."""
        if block.line_numbers.size == 0:
            return
        self._follow_run(block)
        if block.energy != 0:
            other = self.further.setdefault(block.energy, Passage(self.visit))
            other._run = self._run
            other._keep(block)
            return
        if self._keep(block):
            self.end, self.beam_off_seen, self.heard_kv = None, False, None
            for other in self.further.values():
                if other.data_run != self._run:
                    other.data.clear()
        if block.kind is LineKind.DATA:
            self.last_ns = block.stamp.mono_ns

    def _keep(self, block: LineBlock) -> bool:
        """Add a block to its kind; says whether it is the first of new data lines."""
        if block.kind is LineKind.AIR and self.data and self.data_run == self._run:
            self.after.append(block)
            return False
        kept = {LineKind.DARK: self.dark, LineKind.AIR: self.air, LineKind.DATA: self.data}[block.kind]
        if kept and (
            self._run_of[block.kind] != self._run or kept[-1].pixels.shape[1] != block.pixels.shape[1]
        ):
            kept.clear()
        first = block.kind is LineKind.DATA and not kept
        if first:
            self._air_after_is_before()
        self._run_of[block.kind] = self._run
        kept.append(block)
        return first

    def _air_after_is_before(self) -> None:
        # air lines after one passage are the newest before the next
        if self.after and self._run_of.get(LineKind.AIR) != self._run:
            self.air[:] = self.after
        self.after.clear()

    def _follow_run(self, block: LineBlock) -> None:
        # a detector that was restarted may use its scan number again: its line numbers begin again
        again = int(block.line_numbers[0]) <= self._last_number.get(block.energy, -1)
        if block.scan != self._scan or again:
            self._run += 1
            self._scan, self._lines = block.scan, 0
            self._last_number.clear()
        self._lines += int(block.line_numbers.size)
        self._last_number[block.energy] = int(block.line_numbers[-1])

    def finish(self, end: LineScanEnd) -> None:
        """Note the detector's END when it belongs to the data lines."""
        if self._scan != end.scan:
            return
        if self.data and self.data_run == self._run:
            self.end, self.taken = end, self._lines
        self._scan = None
