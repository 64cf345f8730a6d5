"""Where recordings are: files, folders, or a store by URL, each fetched only while it is read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from mcap.writer import MCAP0_MAGIC

from drivers.api import ConfigError, LorryscanError
from scanner.recording.errors import RecordingDamaged
from scanner.recording.header import RecordingHeader
from scanner.recording.reader import read_header
from scanner.recording.salvage import REPAIRED_SUFFIX

SUFFIX = ".mcap"
HEAD_BYTES = 1 << 20
"""As much of a distant file is read for its header; a longer header takes the whole file."""


class SourceFailed(LorryscanError, OSError):
    """A recording could not be fetched.

    Examples: the store does not answer; the file was deleted after it was listed; no right to read it.
    """

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Found:
    """A recording that a place holds.

    Parameters
    ----------
    url : path or URL.
    stamp : changes when its content does, without reading it: size and time, or the store's own tag.
    """

    url: str
    stamp: str


def find(places: Sequence[str]) -> list[Found]:
    """Return the recordings of paths and URLs, each once, in order; folders are searched to the bottom.

    A repaired copy inside a folder is passed over: beside its original it would be the same visit twice.

    Raises
    ------
    ConfigError : a place does not exist or cannot be listed, or no module reads URLs of its kind.
    """
    found: dict[str, Found] = {}
    for place in places:
        store, path = open_store(place)
        try:
            if store.isdir(path):
                listed = store.find(path, detail=True)
                chosen = {
                    name: facts
                    for name, facts in sorted(listed.items())
                    if name.endswith(SUFFIX) and not name.endswith(REPAIRED_SUFFIX)
                }
            else:
                chosen = {path: store.info(path)}
        except Exception as error:  # each store has exceptions of its own
            raise ConfigError(f"{place}: cannot be listed ({_words(error)}): check the name") from None
        for name, facts in chosen.items():
            local = isinstance(store, LocalFileSystem)
            url = name if local else str(store.unstrip_protocol(name))
            found.setdefault(url, Found(url, _stamp(facts)))
    return list(found.values())


@contextmanager
def fetched(url: str) -> Iterator[Path]:
    """Give a recording as a local file; a distant one lies in a temporary folder until the end.

    Raises
    ------
    SourceFailed : it cannot be fetched.
    RecordingDamaged : it was cut off.
    """
    store, path = open_store(url)
    if isinstance(store, LocalFileSystem):
        _check_whole(Path(path), url)
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="lorryscan-") as folder:
        local = Path(folder) / "recording.mcap"
        try:
            store.get_file(path, str(local))
        except Exception as error:
            raise SourceFailed(f"{url}: cannot be fetched ({_words(error)})") from error
        _check_whole(local, url)
        yield local


def header_of(url: str, opened: tuple[Any, str] | None = None) -> RecordingHeader:
    """Return the first record of a recording; of a distant file only the beginning is read.

    Parameters
    ----------
    opened : what `open_store` gave for it, where several threads look: each would open a store of its own.

    Raises
    ------
    SourceFailed : it cannot be fetched.
    RecordingForeign, RecordingTooNew, RecordingDamaged : see `scanner.recording.reader`.
    """
    store, path = opened or open_store(url)
    if isinstance(store, LocalFileSystem):
        return read_header(path)
    with tempfile.TemporaryDirectory(prefix="lorryscan-") as folder:
        local = Path(folder) / "head.mcap"
        try:
            head = store.cat_file(path, start=0, end=HEAD_BYTES)
        except Exception as error:
            raise SourceFailed(f"{url}: cannot be fetched ({_words(error)})") from error
        local.write_bytes(head)
        try:
            return read_header(local)
        except RecordingDamaged as error:
            if len(head) < HEAD_BYTES:
                raise RecordingDamaged(str(error).replace(str(local), url)) from None
        except LorryscanError as error:
            raise type(error)(str(error).replace(str(local), url)) from None
    with fetched(url) as whole:
        return read_header(whole)


def open_store(url: str) -> tuple[Any, str]:
    """Return the file system of a path or URL and its name there.

    Raises
    ------
    ConfigError : no module reads URLs of this kind.
    """
    try:
        store, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        mend = (
            "pip install 'lorryscan[objects]' reads s3://" if isinstance(error, ImportError) else "check it"
        )
        raise ConfigError(f"{url}: {error}: {mend}") from None
    return store, str(path)


def _check_whole(path: Path, url: str) -> None:
    """Refuse a file without its last bytes; what it says until then would count as a scan that ended."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - len(MCAP0_MAGIC), 0))
            end = file.read()
    except OSError as error:
        raise SourceFailed(f"{url}: cannot be read ({_words(error)})") from error
    if end != MCAP0_MAGIC:
        raise RecordingDamaged(
            f"{url} is cut off: put in its place what 'lorryscan recording repair' saves of it"
        )


def _stamp(facts: dict[str, Any]) -> str:
    tag = facts.get("ETag") or facts.get("etag") or facts.get("mtime") or facts.get("LastModified") or ""
    return f"{facts.get('size')} {tag}"


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
