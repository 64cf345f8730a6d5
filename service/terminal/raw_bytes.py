"""Shows what arrives on a wire without any driver: hexadecimal and ASCII, with the time of each chunk."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from drivers.api import DeviceTimeout, LinkOpener

ROW = 16
SILENCE_S = 3.0
BAUDRATE = 9600


def dump(data: bytes, at_s: float) -> list[str]:
    """Return a chunk as rows of 16 bytes, the first with the time at which it came.

    Examples
    --------
    >>> dump(b"BM\\x00\\x1cOK", 1.5)
    ['   1.500  42 4d 00 1c 4f 4b                                 BM..OK']
    """
    rows = []
    for start in range(0, len(data), ROW):
        piece = data[start : start + ROW]
        left, right = piece[: ROW // 2].hex(" "), piece[ROW // 2 :].hex(" ")
        when = f"{at_s:8.3f}" if start == 0 else " " * 8
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        rows.append(f"{when}  {left:<23}  {right:<23}  {shown}")
    return rows


def show_raw(
    links: LinkOpener, url: str, settings: Mapping[str, Any], seconds: float, console: Console
) -> None:
    """Print what arrives until so many seconds have passed, or Ctrl-C; nothing is ever written.

    Parameters
    ----------
    settings : line settings; ``baudrate`` is 9600 unless given.
    seconds : 0 goes on until Ctrl-C.

    Raises
    ------
    DeviceOpenError : the port is missing or busy.
    DeviceLost : the wire broke.
    DeviceTimeout : the time is over and nothing came.
    """
    line = {"baudrate": BAUDRATE, **settings}
    link = links.open(url, **line)
    speed = "" if url.startswith(("socket://", "udp://")) else f" at {line['baudrate']} Bd"
    console.print(f"{url}{speed}; Ctrl-C ends", markup=False, highlight=False, style="dim", soft_wrap=True)
    began = heard = time.monotonic()
    total, waiting = 0, False
    try:
        while not seconds or time.monotonic() - began < seconds:
            data = link.read()
            now = time.monotonic()
            if data:
                total, heard, waiting = total + len(data), now, False
                for row in dump(data, now - began):
                    # control characters cannot reach the terminal: `dump` shows them as dots
                    console.print(Text(row), soft_wrap=True)
            elif not waiting and now - heard > SILENCE_S:
                waiting = True
                said = f"nothing for {SILENCE_S:g} s: check power, cable and line speed; "
                said += "many devices speak only when they are asked"
                console.print(said, style="yellow", highlight=False, soft_wrap=True)
    except KeyboardInterrupt:
        pass
    finally:
        link.close()
    took_s = time.monotonic() - began
    console.print(f"{total} bytes in {took_s:.1f} s ({total / took_s:.4g} B/s)", highlight=False, style="dim")
    if not total and seconds and took_s >= seconds:
        raise DeviceTimeout(f"{url} sent nothing for {seconds:g} s: check its power, cable and line speed")
