"""A lane's data folder, held by one process at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import BinaryIO

from drivers.api import LorryscanError


class LaneBusy(LorryscanError, OSError):
    """Another process runs a lane on the same data folder."""


def hold_folder(data_dir: Path) -> BinaryIO:
    """Take the data folder for this process; closing the file that is returned lets it go.

    Raises
    ------
    LaneBusy : another process holds it.
    """
    file = (data_dir / "lane.lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise LaneBusy(
            f"{data_dir} is in use by another lane process: stop it, or set another data_dir"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()).encode())
    file.flush()
    return file
