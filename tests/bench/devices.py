"""Eight devices at once on one lane: ``python -m tests.bench.devices``.

The far ends are twins in a process of their own, so that the time counted is that of the lane's side
alone: its device threads, the watchdog, and a thread that takes everything out of the queue, as the
lane's recorder does. On serial lines bytes come in pieces, as a USB adapter hands them over.
Latency is from just before the write of a reading's last piece on the wire to the moment that the
reading was taken out of the queue; both processes read the same monotonic clock. Beside it: how long the
same pieces take to a bare read of a pseudo-terminal, which is the kernel's and the machine's load.
"""

from __future__ import annotations

import argparse
import bisect
import json
import math
import os
import select
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from drivers.api import DeviceState, Item, RawBytes, Role
from drivers.codecs.wave_stream import WaveChannel, WaveHello
from drivers.registry import load, make_config
from drivers.runner import DeviceGroup, DeviceSpec
from drivers.twins.gy_mcu90640 import GyMcu90640Twin
from drivers.twins.modbus_probe import Gmp252Twin, K30Twin, S8Twin
from drivers.twins.ports import PtyPort, UdpPort, WirePort
from drivers.twins.raspberry_shake import RaspberryShakeTwin
from drivers.twins.twin import Twin
from drivers.twins.vaisala_gmp343 import Gmp343Twin
from drivers.twins.wave_stream import WaveStreamTwin

LIMIT_PCT = 10.0
USB_BYTES, USB_FRAME_S = 62, 0.001
"""What a full-speed serial adapter hands over at once, and how often."""

BARE, BARE_S = "bare read", 5.0
RNG = np.random.default_rng(0)
DEVICES: dict[str, tuple[str, Role]] = {
    "gmp252": ("vaisala-gmp252", Role.INSIDE),
    "s8": ("senseair-s8", Role.OUTSIDE),
    "k30": ("senseair-k30", Role.INSIDE),
    "gmp343": ("vaisala-gmp343", Role.INSIDE),
    "wave-1": ("wave-stream", Role.CHASSIS),
    "wave-2": ("wave-stream", Role.CHASSIS),
    "thermal": ("gy-mcu90640", Role.DOORS),
    "shake": ("raspberry-shake", Role.GROUND),
}
"""Driver and role by name: four polled probes, two boards of five channels at 500 Hz, an imager, a Shake."""


# -- the far ends, in a process of their own -----------------------------------------


def rising() -> float:
    """A value that is never frozen."""
    return 450.0 + 50.0 * math.sin(time.monotonic())


def noise(n_channels: int, n_samples: int) -> npt.NDArray[np.int32]:
    """Counts of quiet geophones."""
    return RNG.integers(-2000, 2000, (n_channels, n_samples)).astype(np.int32)


class Blocks(Twin):
    """Writes as many bytes as a block of a board holds, ten times a second."""

    def step(self, received: bytes) -> None:
        self.send(bytes(1024))


def make_twins(folder: Path) -> dict[str, Twin]:
    """Return the twins by name, not yet running."""
    channel = WaveChannel(0, 28.8, 4.5, 0.6)
    hello = WaveHello(500.0, 24, 1_000_000, (channel,) * 5, "BENCH")
    pty = {name: PtyPort(folder / name) for name in DEVICES if name != "shake"}
    return {
        "gmp252": Gmp252Twin(pty["gmp252"], rising),
        "s8": S8Twin(pty["s8"], rising),
        "k30": K30Twin(pty["k30"], rising),
        "gmp343": Gmp343Twin(pty["gmp343"], rising),
        "wave-1": WaveStreamTwin(pty["wave-1"], hello, lambda n: noise(5, n)),
        "wave-2": WaveStreamTwin(pty["wave-2"], hello, lambda n: noise(5, n)),
        "thermal": GyMcu90640Twin(pty["thermal"], lambda: RNG.normal(20.0, 3.0, (24, 32))),
        "shake": RaspberryShakeTwin(UdpPort(), lambda n: noise(1, n)),
        BARE: Blocks(PtyPort(folder / BARE), pace_s=0.1),
    }


def as_usb_packets(port: WirePort, times: list[int]) -> None:
    """Have a port write as a USB adapter hands over, and note when each last piece is written."""
    write, size = port.write, USB_BYTES if isinstance(port, PtyPort) else 65536

    def noted(data: bytes) -> None:
        *pieces, last = (data[at : at + size] for at in range(0, len(data), size))
        for piece in pieces:
            write(piece)
            time.sleep(USB_FRAME_S)
        times.append(time.monotonic_ns())
        write(last)

    port.write = noted  # type: ignore[method-assign]


def far_ends(folder: Path) -> None:
    """Run the twins until standard input ends; tell their URLs first and the times of their writes last."""
    twins = make_twins(folder)
    times: dict[str, list[int]] = {name: [] for name in twins}
    for name, twin in twins.items():
        as_usb_packets(twin.port, times[name])
        twin.start()
    print(json.dumps({name: twin.url for name, twin in twins.items()}), flush=True)
    sys.stdin.read()
    for twin in twins.values():
        twin.stop()
    print(json.dumps(times), flush=True)


# -- the lane's side -----------------------------------------------------------------------


class Taker:
    """Takes everything and notes when readings came."""

    def __init__(self, group: DeviceGroup) -> None:
        self.taken: dict[str, list[int]] = defaultdict(list)
        self.items = 0
        self._group = group
        self._thread = threading.Thread(target=self._run, name="taker", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        get = self._group.items.get
        item: Item | None
        while (item := get()) is not None:
            self.items += 1
            if not isinstance(item, RawBytes | DeviceState):
                self.taken[item.stamp.sensor].append(time.monotonic_ns())  # type: ignore[union-attr]

    def stop(self) -> None:
        """Take the rest and end."""
        self._group.items.put(None)  # type: ignore[arg-type]
        self._thread.join()


def thread_seconds() -> dict[str, float]:
    """Return the processor time of every thread of this process by name, s."""
    return {
        thread.name: int(Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[0]) / 1e9
        for thread in threading.enumerate()
    }


def bare_reads(url: str, seconds: float) -> list[int]:
    """Return when the last piece of each block was read with nothing between us and the kernel."""
    far, times, until = os.open(url, os.O_RDWR | os.O_NOCTTY), [], time.monotonic() + seconds
    termios.tcflush(far, termios.TCIFLUSH)
    held = 0
    try:
        while time.monotonic() < until:
            if select.select([far], [], [], 0.05)[0]:
                held += len(os.read(far, 4096))
                at = time.monotonic_ns()
            elif held:  # the pause between two blocks
                times.append(at)
                held = 0
    finally:
        os.close(far)
    return times[1:]


def latencies_ms(written: list[int], taken: list[int], from_ns: int) -> list[float]:
    """Return for each reading the time since the newest write before it, ms."""
    found = []
    for at in taken:
        before = bisect.bisect_right(written, at)
        if before and at >= from_ns:
            found.append((at - written[before - 1]) / 1e6)
    return found


def specs(urls: dict[str, str]) -> list[DeviceSpec]:
    """Return the lane's devices at these URLs, with the settings that they ship with."""
    found = []
    for name, (driver, role) in DEVICES.items():
        device_class = load(driver)
        found.append(DeviceSpec(name, role, device_class, make_config(device_class, {"url": urls[name]})))
    return found


def measure(seconds: float) -> tuple[float, dict[str, float], dict[str, list[float]], float]:
    """Run all eight.

    Returns
    -------
    processor time of the process as a share of one core, the same by thread, latencies by device in ms,
    items/s.
    """
    with tempfile.TemporaryDirectory() as folder:
        far = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.devices", "--far-ends", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert far.stdout is not None
        urls = json.loads(far.stdout.readline())
        group = DeviceGroup(specs(urls))
        taker = Taker(group)
        with group:
            deadline = time.monotonic() + 20.0
            while len(taker.taken) < len(DEVICES):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"no reading within 20 s: {group.states()}")
                time.sleep(0.1)
            time.sleep(2.0)
            from_ns, items = time.monotonic_ns(), taker.items
            threads, process_s = thread_seconds(), time.process_time()
            time.sleep(seconds)
            process_s = time.process_time() - process_s
            threads = {name: s - threads.get(name, 0.0) for name, s in thread_seconds().items()}
            took_s, items = (time.monotonic_ns() - from_ns) / 1e9, taker.items - items
            taken = {name: list(times) for name, times in taker.taken.items()}
            taken[BARE] = bare_reads(urls[BARE], BARE_S)
        taker.stop()
        written = json.loads(far.communicate("")[0])
    latencies = {name: latencies_ms(times, taken[name], from_ns) for name, times in written.items()}
    shares = {name: s / took_s for name, s in threads.items()}
    return process_s / took_s, shares, latencies, items / took_s


def main(seconds: float = 20.0) -> None:
    """Measure and print a table."""
    share, threads, latencies, items_per_s = measure(seconds)
    table = Table(title=f"eight devices at once, {seconds:g} s, {items_per_s:.0f} items/s")
    for heading in ("device", "readings", "processor", "latency p50", "p99", "max"):
        table.add_column(heading)

    def row(name: str, times: list[float], share: float) -> None:
        p50, p99 = np.quantile(times, (0.5, 0.99)) if times else (math.nan, math.nan)
        cells = (f"{p50:.2f} ms", f"{p99:.2f} ms", f"{max(times, default=math.nan):.2f} ms")
        table.add_row(name, str(len(times)), "" if math.isnan(share) else f"{100 * share:.2f} %", *cells)

    for name in DEVICES:
        row(name, latencies[name], threads.get(f"device {name}", 0.0))
    for name in ("device watchdog", "taker"):
        table.add_row(name, "", f"{100 * threads.get(name, 0.0):.2f} %")
    row("all", [ms for name in DEVICES for ms in latencies[name]], share)
    row(BARE, latencies[BARE], math.nan)
    console = Console(width=110)
    console.print(table)
    verdict = "kept" if 100 * share < LIMIT_PCT else "NOT kept"
    console.print(f"eight devices under {LIMIT_PCT:g} % of one core: {verdict}", highlight=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--far-ends", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.far_ends:
        far_ends(asked.far_ends)
    else:
        main(asked.seconds)
