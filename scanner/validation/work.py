"""The work of one process: a scan's recordings fetched, hashed and judged. Nothing here knows of a pool."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from drivers.api import LorryscanError
from scanner.methods import MethodKit, load_kit
from scanner.recording.hashing import file_sha256
from scanner.recording.reader import read_header
from scanner.validation.outcome import Outcome, Truth
from scanner.validation.replayed import judge, source_of
from scanner.validation.source import fetched
from scanner.validation.store import identity_of


@dataclass(frozen=True, slots=True)
class KitFiles:
    """Files of models and calibrations that are not the shipped ones; every worker must have them there."""

    models: tuple[tuple[str, Path], ...] = ()
    evidence: Path | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One scan to judge: its files, visits in order, and who was inside."""

    scan: str
    urls: tuple[str, ...]
    truth: Truth


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task: an outcome and its files' hashes, or why there is none.

    ``identity`` is that of the process that did it.
    """

    scan: str
    identity: str
    outcome: Outcome | None = None
    sha256s: tuple[str, ...] = ()
    failure: str = ""


@lru_cache(maxsize=2)
def kit_of(files: KitFiles) -> MethodKit:
    """Return the methods, loaded once a process."""
    return load_kit(dict(files.models), files.evidence)


def work(task: Task, files: KitFiles) -> Done:
    """Judge one scan; whatever is wrong with its files is told, not raised.

    Raises
    ------
    LorryscanError : models or calibrations cannot be loaded in this process.
    """
    kit = kit_of(files)
    identity = identity_of(kit).id
    locals_: dict[str, str] = {}
    try:
        with ExitStack() as stack:
            paths = [stack.enter_context(fetched(url)) for url in task.urls]
            locals_ = {str(path): url for path, url in zip(paths, task.urls, strict=True)}
            sha256s = tuple(file_sha256(path) for path in paths)
            visits = [(read_header(path), path) for path in paths]
            outcome = judge(visits, task.truth, kit, source_of(sha256s), task.urls)
            return Done(task.scan, identity, outcome, sha256s)
    except (LorryscanError, OSError) as error:
        failure = str(error)
    except Exception as error:  # one bad file must not end a run over thousands
        failure = f"{type(error).__name__}: {error}: a defect of lorryscan, please report it with the file"
    for local, url in locals_.items():
        failure = failure.replace(local, url)
    return Done(task.scan, identity, failure=failure)
