"""How fast a minute of one lane is written and read, and how large it is.

Run ``python tests/recording/bench_recording.py [FOLDER]``: six geophone channels
at 500 Hz, a thermal imager at 4 Hz, two CO2 probes at 2 Hz, all with their raw
bytes, ticks and assessments.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from drivers.api import (
    Channel,
    Direction,
    Frame,
    Quantity,
    RawBytes,
    Role,
    Sample,
    Stamp,
    WaveformBlock,
)
from scanner.recording import (
    Anchor,
    RecordedAssessment,
    RecordingHeader,
    RecordingWriter,
    Tick,
    read_recording,
    recording_info,
)
from scanner.vehicle import CargoClass, Declaration, VehicleClass

ANCHOR = Anchor(1_795_000_000_000_000_000, 10**12, "boot")
DURATION_S = 60


def minute() -> list[Any]:
    """Return the records of a minute, noise as geophones and imagers have it."""
    rng = np.random.default_rng(1)
    channels = tuple(Channel(f"G{n}", Role.CHASSIS, 28.8, 4.5, 0.7, 1e6) for n in range(6))
    records: list[Any] = [ANCHOR.event("S")]
    scene = 2000 + 300 * np.sin(np.arange(768).reshape(24, 32) / 50)
    for quarter in range(4 * DURATION_S):
        mono_ns = ANCHOR.mono_ns + quarter * 250_000_000
        geo = Stamp("geo", Role.CHASSIS, mono_ns, quarter)
        counts = np.rint(rng.normal(0, 300, (6, 125))).astype(np.int32)
        records.append(RawBytes(Direction.RX, b"\0" * 24 + counts.tobytes(), geo))
        records.append(WaveformBlock(counts, 500.0, channels, mono_ns, stamp=geo))
        ir = Stamp("ir", Role.DOORS, mono_ns, quarter)
        pixels = np.rint(scene + rng.normal(0, 10, scene.shape)).astype(np.int16)
        records.append(RawBytes(Direction.RX, b"ZZ\x02\x06" + pixels.tobytes() + b"\0" * 4, ir))
        records.append(Frame(pixels, "°C", 0.01, stamp=ir))
        if quarter % 2 == 0:
            for name, role in (("co2-in", Role.INSIDE), ("co2-out", Role.OUTSIDE)):
                stamp = Stamp(name, role, mono_ns, quarter)
                records.append(RawBytes(Direction.TX, bytes(8), stamp))
                records.append(RawBytes(Direction.RX, bytes(9), stamp))
                records.append(Sample(Quantity.CO2_PPM, 430 + float(rng.normal()), stamp=stamp))
        if quarter % 4 == 3:
            records.append(Tick(mono_ns))
            evidence = {"llr": 0.1, "state": "ready", "features": {str(n): 1 / (n + 1) for n in range(20)}}
            records.append(RecordedAssessment(mono_ns, {"digest": "0" * 64, "evidences": [evidence] * 4}))
    return records


def main(folder: Path) -> None:
    """Write, read and examine, and print what each took."""
    records = minute()
    path = folder / "bench.mcap"
    header = RecordingHeader("S", 1, "lane", Declaration(VehicleClass.REEFER, CargoClass.EMPTY))
    payload = sum(len(r.data) for r in records if isinstance(r, RawBytes))
    start = time.perf_counter()
    with RecordingWriter(path, header) as writer:
        for record in records:
            match record:
                case Tick():
                    writer.tick(record.mono_ns)
                case RecordedAssessment():
                    writer.assessment(record.assessment, record.mono_ns)
                case _:
                    writer.write(record)
    wrote_s = time.perf_counter() - start
    start = time.perf_counter()
    n = sum(1 for _ in read_recording(path))
    read_s = time.perf_counter() - start
    start = time.perf_counter()
    recording_info(path)
    info_s = time.perf_counter() - start
    size = path.stat().st_size
    print(f"{n} records, {payload / 1e6:.2f} MB on the wire, file {size / 1e6:.2f} MB")
    print(f"written in {wrote_s:.3f} s: {n / wrote_s:.0f} records/s, {DURATION_S / wrote_s:.0f} x real time")
    print(f"read in {read_s:.3f} s: {n / read_s:.0f} records/s; info in {info_s:.3f} s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
