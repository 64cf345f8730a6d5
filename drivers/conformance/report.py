"""The table and ``conformance.json``: which laws a driver keeps, on which rig, by which kit."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.api import API_VERSION, Device
from drivers.conformance.law import Outcome
from drivers.conformance.laws import LAWS
from drivers.conformance.run import Verdict
from drivers.registry import installed

KIT_VERSION = "0.1"
FORMAT = 1

_MARKS = {Outcome.HELD: "held", Outcome.BROKEN: "BROKEN", Outcome.NOT_RUN: "not run"}


@dataclass(frozen=True, slots=True)
class Report:
    """What the kit found out about one driver."""

    driver: str
    device_class: type[Device[Any]]
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        """Whether laws were tried and none was broken."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        return Outcome.HELD in outcomes and Outcome.BROKEN not in outcomes

    @property
    def rigs(self) -> list[str]:
        """Rigs in the order in which they were given."""
        return list(dict.fromkeys(verdict.rig for verdict in self.verdicts))

    def count(self, rig: str, outcome: Outcome) -> int:
        """Return how many laws had an outcome on a rig."""
        return sum(v.rig == rig and v.outcome is outcome for v in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Return the report as written to ``conformance.json``."""
        module = sys.modules.get(self.device_class.__module__)
        source = Path(module.__file__).read_bytes() if module is not None and module.__file__ else b""
        distribution, number = distribution_of(self.device_class)
        return {
            "conformance_format": FORMAT,
            "kit_version": KIT_VERSION,
            "api_version": API_VERSION,
            "tried_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "python": platform.python_version(),
            "driver": {
                "name": self.driver,
                "class": f"{self.device_class.__module__}:{self.device_class.__qualname__}",
                "distribution": distribution,
                "version": number,
                "source_sha256": hashlib.sha256(source).hexdigest(),
            },
            "passed": self.passed,
            "rigs": self.rigs,
            "laws": [
                {
                    "law": verdict.law,
                    "demands": f"the driver {LAWS[verdict.law].title}",
                    "rig": verdict.rig,
                    "outcome": verdict.outcome.value,
                    "words": verdict.words,
                    "took_s": round(verdict.took_s, 2),
                }
                for verdict in self.verdicts
            ],
        }

    def table(self) -> str:
        """Return the laws as lines of text, a column a rig, and below it what was broken or not run."""
        rigs = self.rigs
        width = max(len(name) for name in LAWS)
        columns = [max(len(rig), 8) for rig in rigs]
        head = "  ".join([f"{'law':{width}}", *(f"{rig:{n}}" for rig, n in zip(rigs, columns, strict=True))])
        lines = [head.rstrip(), "-" * len(head)]
        by = {(verdict.law, verdict.rig): verdict for verdict in self.verdicts}
        notes: list[str] = []
        for name in dict.fromkeys(verdict.law for verdict in self.verdicts):
            cells = []
            for rig, n in zip(rigs, columns, strict=True):
                verdict = by.get((name, rig))
                cells.append(f"{_MARKS[verdict.outcome] if verdict else '':{n}}")
                if verdict is not None and verdict.words:
                    notes.append(f"{name}, {rig}: {verdict.outcome.value}: {verdict.words}")
            lines.append("  ".join([f"{name:{width}}", *cells]).rstrip())
        summary = [
            f"{rig}: {self.count(rig, Outcome.HELD)} held, {self.count(rig, Outcome.BROKEN)} broken, "
            f"{self.count(rig, Outcome.NOT_RUN)} not run"
            for rig in rigs
        ]
        return "\n".join(
            [f"{self.driver}: {'passes' if self.passed else 'FAILS'}", *lines, "", *summary, *notes]
        )


def distribution_of(device_class: type[Device[Any]]) -> tuple[str, str]:
    """Return name and version of the distribution that offers a driver; empty texts for none."""
    for offered in installed().values():
        if offered.entry.value == f"{device_class.__module__}:{device_class.__qualname__}":
            distribution = offered.entry.dist
            return (distribution.name, distribution.version) if distribution is not None else ("", "")
    return "", ""


def write(path: Path, reports: Sequence[Report]) -> None:
    """Write reports: one as an object, several as a list."""
    told = [report.as_json() for report in reports]
    text = json.dumps(told[0] if len(told) == 1 else told, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
