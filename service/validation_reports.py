"""The validation reports in a folder: found by looking, so that no name can lead out of it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from scanner.canonical import reason_json
from scanner.evidence import Reason
from scanner.lane.wire import Said
from scanner.validation.about import REPORT, RESULTS, RESULTS_VERSION
from service.validation_resources import (
    AboutTold,
    CountsTold,
    Figures,
    LaneVersions,
    MethodTold,
    PredictiveTold,
    RatesTold,
    SameAsLane,
    ValidationReport,
)

SHIPPED = Path(__file__).resolve().parents[1] / "docs" / "validation"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST_REPORTS = 50
MOST_BYTES = 64 << 20
HASH_LETTERS = 12  # of the code's hash, as assessments name it
_OPENING = re.compile(r'<html lang="\w+" data-language="\w+"')
_METHODS = TypeAdapter(list[MethodTold])
_PREDICTIVE = TypeAdapter(list[PredictiveTold])


@dataclass(frozen=True, slots=True)
class Found:
    """A folder with a results.json."""

    name: str
    folder: Path

    @property
    def written_utc_ms(self) -> int:
        """When its results were written, ms since 1970."""
        return (self.folder / RESULTS).stat().st_mtime_ns // 1_000_000


def find(folder: Path) -> list[Found]:
    """Return the reports in a folder and in its own folders, the newest first; none where it cannot be read.

    A folder whose name is no plain word, and a link that leads out, are passed over.
    """
    try:
        top = folder.resolve(strict=True)
        inner = [each for each in sorted(top.iterdir()) if NAME.fullmatch(each.name)]
    except OSError:
        return []
    found = {each.name: each for each in inner if _is_report(each, top)}
    if _is_report(top, top):
        name = top.name if NAME.fullmatch(top.name) else "report"
        while name in found:
            name += "_"
        found[name] = top
    reports = [Found(name, where) for name, where in found.items()]
    return sorted(reports, key=lambda one: (-one.written_utc_ms, one.name))[:MOST_REPORTS]


def tell(found: Found, lanes: Sequence[LaneVersions]) -> ValidationReport:
    """Return what a report's results say, or why they cannot be read."""
    results = found.folder / RESULTS
    stat = results.stat()
    about, figures, problem = _read(results, stat.st_mtime_ns, stat.st_size)
    return ValidationReport(
        name=found.name,
        written_utc_ms=found.written_utc_ms,
        about=about,
        figures=figures,
        same=[_same(about, lane) for lane in lanes] if figures else [],
        has_page=_is_inside(found.folder / REPORT, found.folder),
        problem=problem,
    )


def page(found: Found, language: Literal["en", "fr"]) -> str:
    """Return a report's page, told which language to show since nothing runs in it.

    Raises
    ------
    OSError : there is none, or it is too large.
    """
    path = found.folder / REPORT
    if not _is_inside(path, found.folder) or path.stat().st_size > MOST_BYTES:
        raise FileNotFoundError(f"{found.name} has no {REPORT} of at most {MOST_BYTES >> 20} MiB")
    text = path.read_text(encoding="utf-8", errors="replace")
    return _OPENING.sub(f'<html lang="{language}" data-language="{language}"', text, count=1)


def _is_report(folder: Path, top: Path) -> bool:
    return _is_inside(folder / RESULTS, top)


def _is_inside(path: Path, top: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(top)


@functools.lru_cache(maxsize=MOST_REPORTS)
def _read(path: Path, _mtime_ns: int, size: int) -> tuple[AboutTold, Figures | None, str]:
    """Return who judged, the figures and "", or why there are none; read again when the file has changed."""
    try:
        if size > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
        told = json.loads(path.read_text(encoding="utf-8"))
        version = told.get("results_version") if isinstance(told, dict) else None
        if version != RESULTS_VERSION:
            raise ValueError(f"its results_version is {version!r}, not {RESULTS_VERSION}: make it again")
        return _judged(told.get("about", {})), _figures(told), ""
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return AboutTold.model_validate({}), None, f"{RESULTS}: {where}: {first['msg']}"[:300]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return AboutTold.model_validate({}), None, f"{RESULTS}: {error}"[:300]


def _judged(about: Mapping[str, Any]) -> AboutTold:
    """Return what judged the scans: what made them, where they are rows of campaigns that agree."""
    campaigns = about.get("campaigns") or []
    if not campaigns:
        return AboutTold.model_validate(about)
    versions = [one.get("versions", {}) for one in campaigns]
    told = {name: {each.get(name, "") for each in versions} for name in ("code", "calibrations", "policy")}
    judged = {name: values.pop() if len(values) == 1 else "" for name, values in told.items()}
    models = [one.get("models", {}) for one in campaigns]
    same = models[0] if all(one == models[0] for one in models) else {}
    return AboutTold.model_validate({"version": about.get("version", ""), "models": same, **judged})


def _figures(told: Mapping[str, Any]) -> Figures:
    methods = _METHODS.validate_python(told["methods"])
    return Figures(
        counts=CountsTold.model_validate(told["counts"]),
        rates=RatesTold.model_validate(told["rates"]),
        methods=[*methods[:1], *(row for row in methods[1:] if len(row.methods) == 1)],
        predictive=_PREDICTIVE.validate_python(told["predictive"]),
        cautions=[_said(one["code"], one["values"]) for one in told["cautions"][:20]],
    )


def _said(code: str, values: Mapping[str, float | str]) -> Said:
    try:
        return Said(**reason_json(Reason(code, values)))
    except (KeyError, ValueError):  # of another version, which has other words
        return Said(code=code, values=dict(values))


def _same(about: AboutTold, lane: LaneVersions) -> SameAsLane:
    def equal(judged: str, name: str) -> bool | None:
        runs = lane.versions.get(name, "")
        return judged == runs if judged and runs else None

    runs = {value for name, value in lane.versions.items() if name.endswith("_model")}
    return SameAsLane(
        lane_id=lane.lane_id,
        code=equal(about.code[:HASH_LETTERS], "code"),
        models=runs == set(about.models) if runs and about.models else None,
        calibrations=equal(about.calibrations, "calibrations"),
        policy=equal(about.policy, "policy"),
    )
