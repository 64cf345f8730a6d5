"""Kill, power cut and full disk: what was recorded up to the last second stays."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Quantity, Role, Sample, Stamp
from scanner.recording import (
    Anchor,
    RecordingFailed,
    RecordingHeader,
    RecordingWriter,
    read_recording,
    recording_info,
)
from scanner.recording import writer as writer_module

SECOND_NS = 1_000_000_000
ANCHOR = Anchor(1_795_000_000_000_000_000, 9 * SECOND_NS, "boot")

CHILD = """
import sys
from drivers.api import Quantity, Role, Sample, Stamp
from scanner.recording import Anchor, RecordingHeader, RecordingWriter
from scanner.vehicle import CargoClass, Declaration, VehicleClass

header = RecordingHeader("S", 1, "lane", Declaration(VehicleClass.TANKER, CargoClass.LIQUID))
writer = RecordingWriter(sys.argv[1], header)
writer.write(Anchor(1_795_000_000_000_000_000, 9_000_000_000, "boot").event("S"))
mono_ns, n = 9_000_000_000, 0
while True:
    mono_ns, n = mono_ns + 20_000_000, n + 1
    writer.write(Sample(Quantity.CO2_PPM, 400.0 + n, stamp=Stamp("co2", Role.INSIDE, mono_ns, n)))
    print(mono_ns, flush=True)
"""


def sample(after_s: float, n: int) -> Sample:
    stamp = Stamp("co2", Role.INSIDE, ANCHOR.mono_ns + round(after_s * 1e9), n)
    return Sample(Quantity.CO2_PPM, float(n), stamp=stamp)


def test_sigkill_loses_at_most_the_last_second(tmp_path: Path) -> None:
    path = tmp_path / "killed.mcap"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            if int(line) > ANCHOR.mono_ns + 20.5 * SECOND_NS:
                break
        child.send_signal(signal.SIGKILL)
        told = [int(line), *map(int, child.stdout.read().splitlines())]
    assert child.wait() == -signal.SIGKILL

    _, *samples = read_recording(path)
    assert [s.value for s in samples] == [400.0 + n for n in range(1, len(samples) + 1)]
    assert samples[-1].stamp.mono_ns > told[-1] - 1.02 * SECOND_NS
    info = recording_info(path)
    assert not info.whole
    assert info.damage == ""


def test_each_second_reaches_the_disk(
    tmp_path: Path, header: RecordingHeader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every fsync the file already holds everything that was written until then."""
    path = tmp_path / "synced.mcap"
    written = 0
    readable_at_sync: list[tuple[int, int]] = []
    real_fsync = os.fsync

    def fsync(number: int) -> None:
        if Path(f"/proc/self/fd/{number}").resolve() == path.resolve() and written:
            copy = tmp_path / "copy.mcap"
            copy.write_bytes(path.read_bytes())
            readable_at_sync.append((written, len(list(read_recording(copy)))))
        real_fsync(number)

    monkeypatch.setattr(writer_module.os, "fsync", fsync)
    writer = RecordingWriter(path, header)
    items = [ANCHOR.event(), *(sample(n / 10, n) for n in range(1, 51))]
    for item in items:
        written += 1
        writer.write(item)
    assert len(readable_at_sync) >= 5
    assert all(readable == told for told, readable in readable_at_sync)
    writer.close()


def test_silence_of_the_sensors_does_not_hold_back_what_is_written(
    tmp_path: Path, header: RecordingHeader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock on the wall counts too: readings whose own time stands still are saved each second."""
    clock_ns = 5 * SECOND_NS
    monkeypatch.setattr(writer_module.time, "monotonic_ns", lambda: clock_ns)
    with RecordingWriter(tmp_path / "v.mcap", header) as writer:
        writer.write(ANCHOR.event())
        writer.write(sample(0, 1))
        assert len(list(read_recording(writer.path))) == 1
        clock_ns += SECOND_NS
        writer.write(sample(0, 2))
        assert len(list(read_recording(writer.path))) == 3


class FullDisk(io.RawIOBase):
    """A file on a disk with little room left."""

    def __init__(self, path: Path, room_bytes: int) -> None:
        self.file = path.open("wb", buffering=0)
        self.room_bytes = room_bytes

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)[: self.room_bytes]
        if not piece:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room_bytes -= len(piece)
        return self.file.write(piece)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.file.tell()

    def close(self) -> None:
        self.file.close()
        super().close()


def test_a_full_disk_is_told_once_and_for_all_and_loses_nothing_before(
    tmp_path: Path, header: RecordingHeader, same: Callable[[Any, Any], bool]
) -> None:
    path = tmp_path / "full.mcap"
    writer = RecordingWriter(path, header, file=io.BufferedWriter(FullDisk(path, 8000)))
    items = [ANCHOR.event(), *(sample(n / 10, n) for n in range(1, 2000))]

    def write_all() -> None:
        for item in items:
            writer.write(item)

    with pytest.raises(RecordingFailed, match="No space left on device") as caught:
        write_all()
    assert caught.value.errno == errno.ENOSPC
    assert str(caught.value).startswith(f"The recording {path} cannot be written")
    assert "free or replace the disk" in str(caught.value)
    with pytest.raises(RecordingFailed):
        writer.tick(ANCHOR.mono_ns)
    writer.close()

    saved = list(read_recording(path))
    assert 20 < len(saved) < len(items)
    assert all(map(same, saved, items))


def test_a_disk_full_from_the_start_is_told_at_once(tmp_path: Path, header: RecordingHeader) -> None:
    with (
        pytest.raises(RecordingFailed, match="No space left on device"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        RecordingWriter(tmp_path / "v.mcap", header, file=io.BufferedWriter(full))


def test_an_existing_file_is_never_overwritten(tmp_path: Path, header: RecordingHeader) -> None:
    path = tmp_path / "v.mcap"
    path.write_bytes(b"kept")
    with pytest.raises(RecordingFailed, match="File exists"):
        RecordingWriter(path, header)
    assert path.read_bytes() == b"kept"


def test_a_recording_begins_with_an_anchor(tmp_path: Path, header: RecordingHeader) -> None:
    with RecordingWriter(tmp_path / "v.mcap", header) as writer:
        with pytest.raises(ValueError, match="begins with an anchor"):
            writer.write(sample(1, 1))
        with pytest.raises(ValueError, match="begins with an anchor"):
            writer.tick(5)


def test_a_refused_item_does_not_harm_the_recording(
    tmp_path: Path, header: RecordingHeader, same: Callable[[Any, Any], bool]
) -> None:
    with RecordingWriter(tmp_path / "v.mcap", header) as writer:
        writer.write(ANCHOR.event())
        with pytest.raises(ValueError, match="digest"):
            writer.assessment({"llr": 1}, ANCHOR.mono_ns)
        writer.write(sample(1, 1))
    assert same(list(read_recording(writer.path)), [ANCHOR.event(), sample(1, 1)])
