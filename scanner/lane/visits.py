"""One visit's recording and its entry in the scan's manifest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from drivers.api import Item
from scanner.evidence import Reason
from scanner.lane.config import LaneConfig
from scanner.methods import MethodKit
from scanner.pipeline import declaration_from
from scanner.policy import policy_tables
from scanner.recording import manifest
from scanner.recording.header import RecordingHeader
from scanner.recording.writer import RecordingWriter
from scanner.vehicle import Declaration


def boot_id() -> str:
    """Return the machine's boot id: monotonic times of two boots do not compare."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


class VisitRecord:
    """The open recording of a visit.

    A disk that refuses is a fault of the lane, not its end: from then on nothing
    more is written and ``fault`` says what to do (None: all is well). ``recording`` is what the
    service is told of it, once it has ended.
    """

    def __init__(self, data_dir: Path, scan_id: str, visit: manifest.Visit, writer: RecordingWriter) -> None:
        self.fault: Reason | None = None
        self.recording: dict[str, Any] | None = None
        self._data_dir, self._scan_id, self._visit = data_dir, scan_id, visit
        self._writer = writer

    def write(self, item: Item) -> None:
        """Record a reading, raw bytes or an event."""
        self._guarded(lambda: self._writer.write(item))

    def tick(self, mono_ns: int) -> None:
        """Record that the pipeline was asked."""
        self._guarded(lambda: self._writer.tick(mono_ns))

    def assessment(self, content: Mapping[str, Any], mono_ns: int) -> None:
        """Record what the pipeline answered."""
        self._guarded(lambda: self._writer.assessment(content, mono_ns))

    def end(self, utc_ns: int) -> None:
        """Close the recording and enter its SHA-256."""
        self._guarded(self._writer.close, always=True)
        whole = self.fault is None

        def enter() -> None:
            closed = manifest.close_visit(
                self._data_dir, self._scan_id, self._visit.visit, utc_ns, whole=whole
            )
            self.recording = recording_told(self._data_dir, self._scan_id, closed)

        self._guarded(enter, always=True)

    def _guarded(self, act: Callable[[], object], *, always: bool = False) -> None:
        if self.fault is not None and not always:
            return
        try:
            act()
        except OSError as error:
            self.fault = Reason("recording_stopped", {"why": str(error.strerror or error)})

    @property
    def number(self) -> int:
        """Number of the visit, from 1."""
        return self._visit.visit

    @classmethod
    def begin(
        cls, config: LaneConfig, kit: MethodKit, scan_id: str, declaration: Declaration, utc_ns: int
    ) -> VisitRecord:
        """Enter the next visit in the manifest and open its recording.

        Raises
        ------
        OSError : the disk refuses.
        """
        visit = manifest.add_visit(config.data_dir, scan_id, utc_ns)
        header = RecordingHeader(
            scan_id=scan_id,
            visit=visit.visit,
            lane=config.lane_id,
            declaration=declaration,
            sensors=tuple(config.sensors.values()),
            config=_recorded_config(config),
            calibrations={"evidence": kit.calibrations.id},
            models=kit.model_hashes(),
        )
        path = manifest.visit_path(config.data_dir, scan_id, visit)
        return cls(config.data_dir, scan_id, visit, RecordingWriter(path, header))


def recording_told(data_dir: Path, scan_id: str, visit: manifest.Visit) -> dict[str, Any]:
    """Return what the service is told of a recording that was closed: name, size, SHA-256, whether whole.

    Raises
    ------
    OSError : it is gone.
    """
    size = manifest.visit_path(data_dir, scan_id, visit).stat().st_size
    return {"file": visit.file, "bytes": size, "sha256": visit.sha256, "whole": bool(visit.whole)}


def _recorded_config(config: LaneConfig) -> dict[str, Any]:
    """Return the configuration as JSON values; certificates travel with the sensors."""
    devices = [
        {
            "name": spec.name,
            "role": spec.role.value,
            "driver": f"{spec.driver_class.__module__}:{spec.driver_class.__qualname__}",
            "config": TypeAdapter(type(spec.config)).dump_python(spec.config, mode="json"),
        }
        for spec in config.devices
    ]
    return {"lane": config.lane_id, "policy": policy_tables(config.policy), "devices": devices}


def forget_scan(data_dir: Path, scan_id: str, utc_ns: int) -> None:
    """Close a scan whose first recording could not begin, as far as the disk allows."""
    with contextlib.suppress(OSError, LookupError):
        manifest.forget_visit(data_dir, scan_id, 1)
    with contextlib.suppress(OSError, ValueError):
        manifest.close_scan(data_dir, scan_id, utc_ns)


@dataclass(frozen=True, slots=True)
class RecoveredScan:
    """An open scan as found on disk.

    ``interrupted`` when its last visit was never closed; ``missing`` says which
    recordings are gone. ``cut`` is what the service is told of the recording that was cut off.
    """

    declaration: Declaration
    recordings: tuple[Path, ...]
    visits: int
    interrupted: bool
    missing: tuple[Reason, ...]
    cut: dict[str, Any] | None = None


def recover(data_dir: Path, found: manifest.Manifest, utc_ns: int) -> RecoveredScan:
    """Close the visit that was cut off, if any, and name the recordings that can be read.

    The cut recording stays as it is: readers stop at the cut.
    """
    interrupted, last = False, 0
    cut: dict[str, Any] | None = None
    recordings: list[Path] = []
    missing: list[Reason] = []
    for visit in found.visits:
        path = manifest.visit_path(data_dir, found.scan_id, visit)
        if visit.ended_utc is None and not path.exists():
            # cut off before its recording began: nothing of it is known
            with contextlib.suppress(LookupError):
                manifest.forget_visit(data_dir, found.scan_id, visit.visit)
            continue
        if visit.ended_utc is None:
            interrupted = True
            closed = manifest.close_visit(data_dir, found.scan_id, visit.visit, utc_ns, whole=False)
            cut = recording_told(data_dir, found.scan_id, closed)
        last = visit.visit
        if path.exists():
            recordings.append(path)
        else:
            missing.append(Reason("recording_missing", {"file": str(path)}))
    return RecoveredScan(
        declaration_from(found.declaration),
        tuple(recordings),
        last,
        interrupted,
        tuple(missing),
        cut,
    )
