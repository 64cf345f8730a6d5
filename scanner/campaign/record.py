"""A campaign's lorries as recordings in a lane's folder, and the table of what was true of them."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from drivers.api import Event, EventKind, Item
from scanner.campaign.draw import CONDITIONS, CampaignLorry
from scanner.campaign.whole_files import replace_file
from scanner.methods import MethodKit
from scanner.pipeline import declaration_data
from scanner.policy import Policy, policy_tables
from scanner.recording import manifest
from scanner.recording.header import RecordingHeader
from scanner.recording.writer import RecordingWriter
from scanner.simulation.items import START_NS, UTC_NS
from scanner.simulation.layout import SENSORS
from scanner.validation.outcome import Outcome

LANE = "simulated"


class Recorder:
    """Writes one lorry's visit: readings, ticks and assessments, as a lane does.

    What an interrupted run left of the same scan is removed first.

    Parameters
    ----------
    folder : takes the place of a lane's data folder.

    Raises
    ------
    OSError : the disk refuses.
    """

    def __init__(self, folder: Path, lorry: CampaignLorry, kit: MethodKit, policy: Policy) -> None:
        self._folder, self._scan_id = folder, lorry.name
        declared = lorry.spec.declaration
        shutil.rmtree(manifest.scan_folder(folder, lorry.name), ignore_errors=True)
        manifest.create(folder, lorry.name, LANE, declaration_data(declared))
        self._visit = manifest.add_visit(folder, lorry.name, UTC_NS)
        header = RecordingHeader(
            scan_id=lorry.name,
            visit=self._visit.visit,
            lane=LANE,
            declaration=declared,
            sensors=tuple(SENSORS.values()),
            config={"lane": LANE, "policy": policy_tables(policy)},
            calibrations={"evidence": kit.calibrations.id},
            models=kit.model_hashes(),
        )
        self._path = manifest.visit_path(folder, lorry.name, self._visit)
        self._writer = RecordingWriter(self._path, header)

    def write(self, item: Item) -> None:
        """Record a reading, a state or an event."""
        self._writer.write(item)

    def ticked(self, assessment: Mapping[str, Any], mono_ns: int) -> None:
        """Record a tick and what the pipeline answered."""
        self._writer.tick(mono_ns)
        self._writer.assessment(assessment, mono_ns)

    def abandon(self) -> None:
        """Close the recording as it is: its lorry could not be judged to the end."""
        self._writer.close()

    def ended(self, mono_ns: int) -> str:
        """End the visit and the scan; return the recording's path within the folder."""
        self._writer.write(Event(EventKind.VISIT_END, mono_ns, self._scan_id, {"why": "decided"}))
        self._writer.close()
        utc_ns = UTC_NS + mono_ns - START_NS
        manifest.close_visit(self._folder, self._scan_id, self._visit.visit, utc_ns)
        manifest.close_scan(self._folder, self._scan_id, utc_ns)
        return self._path.relative_to(self._folder).as_posix()


def labels_csv(outcomes: Iterable[Outcome]) -> str:
    """Return the table of labels: scan, persons, cargo and every condition."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(("scan", "persons", "cargo", *CONDITIONS))
    for one in outcomes:
        told = (one.truth.conditions[name] for name in CONDITIONS)
        out.writerow((one.scan, one.truth.persons, one.truth.cargo, *told))
    return text.getvalue()


def write_labels(folder: Path, outcomes: Iterable[Outcome]) -> Path:
    """Write ``labels.csv`` into a folder, whole or not at all, and return its path."""
    path = folder / "labels.csv"
    replace_file(path, [labels_csv(outcomes).encode()])
    return path
