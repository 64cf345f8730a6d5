"""Serial ports: which there are, who may open them, who has them open."""

from __future__ import annotations

import contextlib
import grp
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from serial.tools import list_ports

from service.doctor.finding import Finding, Level, fail, ok, warn

BY_ID = Path("/dev/serial/by-id")
PROCESSES = Path("/proc")
USB_SERIAL = Path("/sys/bus/usb-serial/devices")
USUAL_LATENCY_MS = 16


def serial_ports() -> Iterator[Finding]:
    """Look at every serial port of this machine."""
    ports = sorted(list_ports.comports(), key=lambda port: port.device)
    if not ports:
        yield ok("serial ports", "none", "plug the adapter in; devices behind a port server need none")
        return
    names = stable_names()
    for port in ports:
        stable = names.get(str(Path(port.device).resolve()))
        words = port.description if port.description not in ("n/a", "") else "serial port"
        words += f", as {stable}" if stable else ""
        finding = port_finding(port.device, words)
        if finding.level is Level.FAIL:  # nobody said that it is needed
            finding = replace(finding, level=Level.WARN)
        if finding.mend == "" and stable is None and "USB" in port.device:
            mend = f"it has no name under {BY_ID}: without one its number may change when it is replugged"
            finding = ok(port.device, words, mend)
        yield finding
        yield from latency(Path(port.device).name)


def port_finding(device: str, words: str, what: str = "") -> Finding:
    """Return whether a port can be opened by this user, and whether somebody has it open.

    Parameters
    ----------
    device : path of the port.
    words : what is known of it.
    what : what it is called; the path when empty.
    """
    what = what or device
    path = Path(device)
    if not path.exists():
        mend = f"plug it in; ls -l {BY_ID} shows which ports there are"
        return fail(what, f"{words}: there is no port {device}", mend)
    if not os.access(path, os.R_OK | os.W_OK):
        return fail(what, f"{words}, may not be opened by this user", _right_mend(path))
    holders = who_holds(path)
    if holders:
        held = ", ".join(holders)
        return warn(what, f"{words}, held by {held}", "end that program, unless it is this lane itself")
    return ok(what, words)


def stable_names(by_id: Path = BY_ID) -> dict[str, str]:
    """Return names that stay the same over replugging, by the device that they lead to."""
    if not by_id.is_dir():
        return {}
    return {str(link.resolve()): str(link) for link in sorted(by_id.iterdir())}


def who_holds(port: Path, processes: Path = PROCESSES) -> list[str]:
    """Return which other programs have a port open, as far as this user may see."""
    target, own, found = str(port.resolve()), str(os.getpid()), []
    for process in processes.iterdir():
        if not process.name.isdigit() or process.name == own:
            continue
        with contextlib.suppress(OSError):  # other users' processes, and those that end meanwhile
            if any(_leads_to(link, target) for link in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                found.append(f"{name} (process {process.name})")
    return found


def latency(name: str, adapters: Path = USB_SERIAL) -> Iterator[Finding]:
    """Look how long an FTDI adapter keeps bytes before it passes them on."""
    timer = adapters / name / "latency_timer"
    try:
        wait_ms = int(timer.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    words = f"passes bytes on after up to {wait_ms} ms"
    mend = f"echo 1 | sudo tee {timer}, at each start by a udev rule"
    if wait_ms > USUAL_LATENCY_MS:
        yield warn(name, words, mend)
    else:
        yield ok(name, words, f"for less: {mend}" if wait_ms > 1 else "")


def _leads_to(link: Path, target: str) -> bool:
    with contextlib.suppress(OSError):
        return str(link.readlink()) == target
    return False


def _right_mend(path: Path) -> str:
    try:
        group = grp.getgrgid(path.stat().st_gid).gr_name
    except KeyError:
        group = str(path.stat().st_gid)
    if group == "root":
        return f"let a udev rule give {path} to the group dialout, and add this user to it"
    user = os.environ.get("USER", "$USER")
    return f"sudo usermod -aG {group} {user}, then log in again"
