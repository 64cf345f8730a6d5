"""The machine: processor, memory, disk, clock, network buffers, terminal."""

from __future__ import annotations

import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from service.doctor.finding import Finding, fail, ok, warn

GB, MB = 1e9, 1e6
LOW_DISK_GB, FULL_DISK_GB = 10.0, 1.0
SLOW_SYNC_S, STALLED_SYNC_S = 0.1, 1.0
LOW_MEMORY_MB, FULL_MEMORY_MB = 1000.0, 300.0
LEAST_CORES = 2
WANTED_RMEM = 1 << 20  # what a UDP link asks for
SYNCS = 10
SYNC_BYTES = 64 * 1024
NETWORK_DISKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p"}

_STA_UNSYNC = 0x40
_ADJTIMEX_MAXERROR, _ADJTIMEX_STATUS = 24, 40  # offsets in struct timex of 64-bit Linux


def processor() -> Iterator[Finding]:
    """Look at cores and memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    load = os.getloadavg()[0]
    words = f"{cores} cores, load {load:.2f}"
    if cores < LEAST_CORES:
        mend = "one lane alone runs on it; with service and browser take a machine with two"
        yield warn("processor", words, mend)
    elif load > cores:
        yield warn(
            "processor", f"{words}: more is waiting than it can run", "see with top what keeps it busy"
        )
    else:
        yield ok("processor", words)


def memory(meminfo: Path = Path("/proc/meminfo")) -> Iterator[Finding]:
    """Look at memory that can be had."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return
    known = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
    free_mb, all_mb = known.get("MemAvailable", 0) / MB, known.get("MemTotal", 0) / MB
    words = f"{free_mb:.0f} of {all_mb:.0f} MB can be had"
    if free_mb < FULL_MEMORY_MB:
        yield fail("memory", words, "end other programs: a lane takes about 300 MB")
    elif free_mb < LOW_MEMORY_MB:
        yield warn(
            "memory",
            words,
            "end other programs: a lane and a service take about 600 MB, a browser comes on top",
        )
    else:
        yield ok("memory", words)


def disk(folder: Path) -> Iterator[Finding]:
    """Look at room on the disk of a data folder, and how long it takes to be safe on it.

    Parameters
    ----------
    folder : may not be there yet; then the nearest that is.
    """
    there = folder.resolve()
    while not there.is_dir() and there != there.parent:
        there = there.parent
    what = "data folder"
    if not os.access(there, os.W_OK):
        yield fail(what, f"{there} cannot be written by this user", f"sudo chown {_user()} {there}")
        return
    free_gb = shutil.disk_usage(there).free / GB
    words = f"{there}, {free_gb:.1f} GB free"
    if free_gb < FULL_DISK_GB:
        yield fail(what, words, "make room: recordings are refused when the disk is full")
    elif free_gb < LOW_DISK_GB:
        yield warn(what, words, "make room: a visit of 90 s takes 2 to 3 MB")
    else:
        yield ok(what, words)
    kind = _disk_kind(there)
    if kind in NETWORK_DISKS:
        yield warn(what, f"is on a network disk ({kind})", "take a local disk: the store cannot be on it")
    yield _syncs(there)


def clock() -> Iterator[Finding]:
    """Look whether something holds the wall clock."""
    mend = "sudo timedatectl set-ntp true, or install chrony: recordings bear the wall clock's time"
    told = _kernel_clock()
    if told is not None:
        synchronised, error_s = told
        if synchronised:
            yield ok("clock", f"synchronised, at most {error_s * 1000:.3g} ms off")
        else:
            yield warn("clock", "the kernel says that nothing synchronises it", mend)
        return
    said = _timedatectl()
    if said is None:
        yield warn("clock", "cannot be told whether it is synchronised", "compare it with another by hand")
    elif said:
        yield ok("clock", "synchronised")
    else:
        yield warn("clock", "nothing synchronises it", mend)


def udp_buffer(limit: Path = Path("/proc/sys/net/core/rmem_max")) -> Iterator[Finding]:
    """Look how much of a burst of datagrams the kernel keeps."""
    try:
        size = int(limit.read_text(encoding="ascii"))
    except OSError:
        return
    words = f"up to {size} B for devices that send datagrams"
    if size < WANTED_RMEM:
        mend = (
            f"echo net.core.rmem_max={WANTED_RMEM} | sudo tee /etc/sysctl.d/60-lorryscan.conf, "
            "then sudo sysctl --system: else bursts get lost"
        )
        yield warn("UDP buffer", f"{words}, {WANTED_RMEM} are wanted", mend)
    else:
        yield ok("UDP buffer", words)


def terminal() -> Iterator[Finding]:
    """Look whether text comes out as it is meant."""
    encoding = (sys.stdout.encoding or "none").lower()
    mend = "export LANG=C.UTF-8, in a service's unit Environment=LANG=C.UTF-8"
    if encoding.replace("-", "") != "utf8":
        yield warn("terminal", f"its text is {encoding}, not UTF-8: bars and ° come out wrong", mend)
        return
    size = shutil.get_terminal_size()
    words = f"UTF-8, {os.environ.get('TERM', 'no TERM')}, {size.columns} x {size.lines}"
    if sys.stdout.isatty() and size.columns < 80:
        yield warn("terminal", words, "make it at least 80 columns wide")
    else:
        yield ok("terminal", words)


def _syncs(folder: Path) -> Finding:
    block = os.urandom(SYNC_BYTES)
    took: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    median, longest = statistics.median(took), max(took)
    words = (
        f"{SYNC_BYTES // 1024} kB are safe on it in {median * 1000:.3g} ms, at most {longest * 1000:.3g} ms"
    )
    if median > STALLED_SYNC_S:
        return fail("disk speed", words, "take another disk: the lane's devices would have to wait for it")
    if median > SLOW_SYNC_S:
        return warn("disk speed", words, "look for what else writes to it, or take a faster disk")
    return ok("disk speed", words)


def _disk_kind(folder: Path) -> str:
    best, kind = "", ""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in mounts:
        _, point, system, *_ = line.split()
        point = point.encode().decode("unicode_escape")
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, system
    return kind


def _kernel_clock() -> tuple[bool, float] | None:
    """Ask the kernel, changing nothing: whether the clock is synchronised, and its greatest error, s."""
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_long) != 8:
        return None
    try:
        asked = ctypes.create_string_buffer(512)  # modes = 0: read only
        if ctypes.CDLL(None, use_errno=True).adjtimex(asked) < 0:
            return None
    except (OSError, AttributeError):
        return None
    status = int.from_bytes(asked.raw[_ADJTIMEX_STATUS : _ADJTIMEX_STATUS + 4], sys.byteorder)
    error_us = int.from_bytes(asked.raw[_ADJTIMEX_MAXERROR : _ADJTIMEX_MAXERROR + 8], sys.byteorder)
    return not status & _STA_UNSYNC, error_us / 1e6


def _timedatectl() -> bool | None:
    try:
        asked = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=3,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.strip() == "yes"


def _user() -> str:
    return os.environ.get("USER") or str(os.getuid())
