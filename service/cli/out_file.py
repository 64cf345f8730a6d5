"""Files a command will write: looked at before the work begins, and failures of the disk in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from drivers.api import ConfigError

_MENDS = {
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path",
    errno.EISDIR: "name a file, not a folder",
    errno.EACCES: "choose another place, or give this user the right to it",
    errno.EPERM: "choose another place, or give this user the right to it",
    errno.EROFS: "choose a place that can be written",
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room on the disk",
    errno.EIO: "check the disk and its cable",
}


def check_can_write(path: Path | None, option: str) -> None:
    """Check that a file can be written, before minutes of work go into it; None is no file.

    Raises
    ------
    ConfigError : it cannot; says which option names it.
    """
    if path is None:
        return
    if path.is_dir():
        raise ConfigError(f"{option} {path}: this is a folder: name a file")
    if not path.parent.is_dir():
        raise ConfigError(f"{option} {path}: there is no folder {path.parent}: make it, or name another")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigError(f"{option} {path}: it cannot be written: name another place")


def disk_words(error: OSError) -> str:
    """Return a failure of a file as one sentence: which file, what, and how to mend it.

    Examples
    --------
    >>> disk_words(FileNotFoundError(errno.ENOENT, "No such file or directory", "/none"))
    '/none: No such file or directory: check the path'
    """
    mend = _MENDS.get(error.errno or 0, "check the path, its rights and the disk")
    parts = (error.filename, error.strerror or error, mend)
    return ": ".join(str(part) for part in parts if part)
