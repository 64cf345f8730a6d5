"""The installation: Python, packages, what they compute, drivers, the page, SQLite."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib
import importlib.util
import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np

from drivers.registry import installed
from service.cli.drivers_list import row_of
from service.doctor.finding import Finding, fail, ok, warn

NAME = "lorryscan"
AGAIN = f"install it again: pip install --force-reinstall {NAME}"
IMPORTED = {
    "numpy": "numpy",
    "scipy": "scipy.signal",
    "onnxruntime": "onnxruntime",
    "opencv-python-headless": "cv2",
    "pyserial": "serial",
    "pydantic": "pydantic",
    "sqlalchemy": "sqlalchemy",
    "mcap": "mcap",
    "protobuf": "google.protobuf",
    "zstandard": "zstandard",
    "cryptography": "cryptography.x509",
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "httpx": "httpx",
}
"""Distributions that everything stands on, and a module of each."""

EXTRAS = {"seismology": ("obspy", "only the driver seedlink needs it")}
OLDEST_SQLITE = (3, 35, 0)
WAL_RESET = ((3, 7, 0), (3, 51, 2))


def python() -> Iterator[Finding]:
    """Look at the interpreter."""
    wanted = metadata.metadata(NAME)["Requires-Python"] or ""
    words = f"{sys.version.split()[0]} at {sys.executable}"
    if not meets(sys.version.split()[0], wanted):
        yield fail("Python", f"{words}, {wanted} is needed", "install lorryscan with a newer Python")
    else:
        yield ok("Python", words)


def package() -> Iterator[Finding]:
    """Look whether the package's files are there and as they were built."""
    package = metadata.distribution(NAME)
    origin = json.loads(package.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        yield ok(NAME, f"{package.version}, run from its sources at {origin.get('url', 'unknown')}")
        return
    missing, changed = 0, 0
    files = package.files or []
    for file in files:
        path = Path(str(file.locate()))
        if not path.exists():
            missing += 1
        elif file.hash is not None and file.hash.mode == "sha256":
            digest = hashlib.sha256(path.read_bytes()).digest()
            changed += base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value
    words = f"{package.version}, {len(files)} files"
    if missing or changed:
        yield fail(NAME, f"{words}, {missing} missing and {changed} changed since it was built", AGAIN)
    else:
        yield ok(NAME, f"{words}, all as they were built")


def libraries() -> Iterator[Finding]:
    """Look whether what lorryscan needs is there, new enough, and importable."""
    found: list[str] = []
    for requirement in metadata.requires(NAME) or ():
        if ";" in requirement:
            continue  # of an extra
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*(.*)", requirement)
        if match is None:
            continue
        name, wanted = match.groups()
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield fail(
                name, f"is missing, {wanted or 'any version'} is needed", f"pip install '{requirement}'"
            )
            continue
        if not meets(version, wanted):
            yield fail(name, f"is {version}, {wanted} is needed", f"pip install '{requirement}'")
            continue
        module = IMPORTED.get(name)
        if module is not None:
            try:
                importlib.import_module(module)
            except Exception as error:  # a broken wheel fails in many ways
                yield fail(
                    name, f"{version} does not import ({error})", f"pip install --force-reinstall {name}"
                )
                continue
            found.append(f"{name} {version}")
    yield ok("libraries", ", ".join(found))


def computing() -> Iterator[Finding]:
    """Let NumPy, ONNX Runtime and OpenCV do something whose result is known."""
    from scanner.methods import load_kit

    angles = np.arange(64) * 2 * np.pi * 5 / 64
    peak = int(np.abs(np.fft.rfft(np.cos(angles))).argmax())
    solved = np.linalg.solve(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([3.0, 5.0]))
    if peak != 5 or not np.allclose(solved, [0.8, 1.4]):
        yield fail("NumPy", "computes wrongly on this processor", "pip install --force-reinstall numpy")
    else:
        yield ok("NumPy", "transforms and solves as it should")
    kit = load_kit()
    for model in (kit.thermal, kit.xray):
        still = np.zeros(model.card.input_shape, np.float32)
        kv = model.card.beams[0].high_kv if model.card.beams else None
        first, second = model.infer(still, beam_kv=kv), model.infer(still, beam_kv=kv)
        if not np.isfinite(first.score) or first.score != second.score:
            yield fail("models", f"{model.id} gives {first.score} and {second.score} for one image", AGAIN)
            return
    yield ok("models", f"{kit.thermal.id} and {kit.xray.id} run, calibrations are there")


def extras() -> Iterator[Finding]:
    """Look for optional packages."""
    for extra, (module, why) in EXTRAS.items():
        if importlib.util.find_spec(module) is None:
            mend = f"if you use it: pip install '{NAME}[{extra}]'"
            yield ok(extra, f"{module} is not installed, {why}", mend)
        else:
            yield ok(extra, f"{module} {metadata.version(module)}")


def plugins() -> Iterator[Finding]:
    """Import every driver, each maker's own and ours."""
    rows = [row_of(driver, details=True) for driver in installed().values()]
    broken = [row for row in rows if row.fault]
    for row in broken:
        finding = fail if NAME in row.packages or len(row.packages) > 1 else warn
        fault, _, mend = row.fault.rpartition(": ")
        yield finding(row.name, fault or row.fault, mend)
    makers = sorted({package for row in rows for package in row.packages})
    usable = len(rows) - len(broken)
    yield ok("drivers", f"{usable} of {len(rows)} can be used, from {', '.join(makers)}")


def page(static: Path | None = None) -> Iterator[Finding]:
    """Look whether the booth's page and everything it names is there."""
    folder = static or Path(__file__).resolve().parents[1] / "static"
    index = folder / "index.html"
    if not index.is_file():
        yield fail("booth's page", f"is not in {folder}", f"{AGAIN}; in a checkout: make ui")
        return
    named = re.findall(r"""(?:src|href)="\.?/([^"]+)\"""", index.read_text(encoding="utf-8"))
    missing = [name for name in named if not (folder / name).is_file()]
    if missing:
        yield fail("booth's page", f"lacks {', '.join(missing)}", f"{AGAIN}; in a checkout: make ui")
    else:
        yield ok("booth's page", f"index.html and {len(named)} files that it names")


def sqlite(version: str = sqlite3.sqlite_version) -> Iterator[Finding]:
    """Look at the version of SQLite, and whether it can do what the store does."""
    number = _number(version)
    if number < OLDEST_SQLITE:
        yield fail("SQLite", f"is {version}, 3.35 is needed", "install a newer Python, which brings its own")
        return
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        [found] = database.execute("SELECT json_extract('{\"a\": 904}', '$.a')").fetchone()
    if found != 904:
        yield fail("SQLite", f"{version} lacks JSON functions", "install a newer Python")
    elif WAL_RESET[0] <= number <= WAL_RESET[1]:
        words = (
            f"{version}, with the WAL-reset defect of 3.7.0 to 3.51.2, which needs two writing connections"
        )
        yield ok("SQLite", f"{words}; the store has one", "write to its file with no other program")
    else:
        yield ok("SQLite", version)


def meets(version: str, wanted: str) -> bool:
    """Tell whether a version meets a requirement of ``>=`` and ``==`` parts; others are not judged.

    Examples
    --------
    >>> meets("2.10.1", ">=2.4"), meets("2.3", ">=2.4,<3"), meets("5.0.0.93", "")
    (True, False, True)
    """
    for part in filter(None, (part.strip() for part in wanted.split(","))):
        sign, number = part[:2], part[2:].strip()
        width = max(len(_number(version)), len(_number(number)))
        have, want = (one + (0,) * (width - len(one)) for one in (_number(version), _number(number)))
        if (sign == ">=" and have < want) or (sign == "==" and have != want):
            return False
    return True


def _number(version: str) -> tuple[int, ...]:
    leading = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in leading[0].split(".")) if leading else ()
