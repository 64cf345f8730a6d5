"""Every fault of any one sensor on occupied lorries: who gets no-indication and would not with it sound.

Run by hand: ``python -m tests.bench.faults --lorries 40 [--seed 0] [--whole]``. The lorries are occupied
ones of a campaign's tuning split (no test lorry is spent on it), their sensors sound; each is judged healthy
and then once for each fault. With ``--whole`` each lorry gets a tick each second up to the time limit and
any tick that says no-indication counts; without, what was final counts, as in a lane.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial

from rich.console import Console
from rich.progress import track
from rich.table import Table

from drivers.api import Event, Item
from scanner.campaign.draw import CampaignLorry, draw_campaign_lorry
from scanner.campaign.faults import Fault, draw_fault, kinds_of, with_fault
from scanner.evidence import Evidence, Recommendation
from scanner.methods import MethodKit, load_kit
from scanner.modality import Modality, ScanView
from scanner.pipeline import Scan
from scanner.policy import make_policy
from scanner.simulation.items import lorry_items
from scanner.simulation.layout import SENSORS
from scanner.simulation.lorry import SimulatedLorry
from scanner.validation.figures import Rate

LISTENS = {
    "co2-inside": ("co2",),
    "co2-outside": ("co2",),
    "geophones": ("heartbeat", "movement"),
    "shake": ("heartbeat", "movement"),
    "thermal-doors": ("thermal",),
    "xray": ("xray",),
}
"""Methods that a sensor's fault can reach; the others are asked once, in the healthy scan."""

NO, SILENT = Recommendation.NO_INDICATION.value, "never final"


@dataclass(slots=True)
class Remembered:
    """A method that no fault reaches: it says at each tick what it said in the healthy scan."""

    name: str
    said: dict[int, Evidence]

    def feed(self, item: object) -> None:
        """Take nothing."""

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Return what was said."""
        return self.said[now_ns]


@dataclass(slots=True)
class Listening:
    """A method whose answers are kept for `Remembered`."""

    name: str
    inner: Modality
    said: dict[int, Evidence]

    def feed(self, item: object) -> None:
        """Pass it on."""
        self.inner.feed(item)  # type: ignore[arg-type]

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Ask, and keep the answer."""
        self.said[now_ns] = self.inner.evaluate(now_ns, view)
        return self.said[now_ns]


@cache
def kit() -> MethodKit:
    """Load calibrations and models once a process."""
    return load_kit()


def ticked(items: Iterator[Item], ticks_ns: list[int]) -> Iterator[Item | int]:
    """Yield items with each tick in its place, after all that arrived up to it."""
    coming = iter(ticks_ns)
    next_ns = next(coming, None)
    for item in items:
        now_ns = item.mono_ns if isinstance(item, Event) else item.stamp.mono_ns
        while next_ns is not None and now_ns > next_ns:
            yield next_ns
            next_ns = next(coming, None)
        yield item
    while next_ns is not None:
        yield next_ns
        next_ns = next(coming, None)


def recommended(
    lorry: CampaignLorry,
    items: Iterator[Item],
    methods: tuple[Modality, ...],
    ticks_ns: list[int],
    whole: bool,
) -> str:
    """Return the final recommendation; of a ``whole`` scan no-indication wherever a tick says it."""
    policy = make_policy({})
    declared = lorry.spec.declaration
    scan = Scan(lorry.name, declared, SENSORS, methods, kit().calibrations, policy, {})
    said = SILENT
    for entry in ticked(items, ticks_ns):
        if not isinstance(entry, int):
            scan.feed(entry)
            continue
        assessment = scan.tick(entry)
        if assessment.final and said != NO:
            said = assessment.recommendation.value
            if not whole:
                return said
        if whole and assessment.recommendation is Recommendation.NO_INDICATION:
            said = NO
    return said


def occupied_lorry(seed: int, number: int) -> CampaignLorry:
    """Return one occupied lorry whose sensors are sound."""
    return replace(draw_campaign_lorry("tuning", seed, number, 1.0), fault=None)


def judge(seed: int, whole: bool, number: int) -> tuple[str, list[tuple[Fault, str]]]:
    """Return what one lorry gets with sound sensors, and with each fault of each sensor."""
    lorry = occupied_lorry(seed, number)
    limit_s = make_policy({})[lorry.spec.declaration.vehicle_class].time_limit_s
    items = list(lorry_items(SimulatedLorry(lorry.spec), duration_s=limit_s + 1.0))
    first_ns = items[0].mono_ns if isinstance(items[0], Event) else 0
    ticks_ns = [first_ns + round(1e9 * second) for second in range(1, round(limit_s) + 1)]
    said: dict[str, dict[int, Evidence]] = {}
    listening: tuple[Modality, ...] = tuple(
        Listening(one.name, one, said.setdefault(one.name, {})) for one in kit().make()
    )
    # to the limit, that whatever a fault delays can be answered
    everything = recommended(lorry, iter(items), listening, ticks_ns, whole=True)
    remembered: tuple[Modality, ...] = tuple(Remembered(name, told) for name, told in said.items())
    healthy = everything if whole else recommended(lorry, iter(items), remembered, ticks_ns, whole=False)
    found = []
    for sensor in SENSORS:
        own = {name: told for name, told in said.items() if name not in LISTENS[sensor]}
        for kind in kinds_of(sensor):
            fault = draw_fault(sensor, lorry.spec.seed, kind=kind)
            methods = tuple(
                Remembered(one.name, own[one.name]) if one.name in own else one for one in kit().make()
            )
            faulty = with_fault(iter(items), fault)
            found.append((fault, recommended(lorry, faulty, methods, ticks_ns, whole)))
    return healthy, found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lorries", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.workers) as pool:
        judged = pool.map(partial(judge, asked.seed, asked.whole), range(asked.lorries))
        results = list(track(judged, total=asked.lorries, console=Console(stderr=True)))
    console = Console(width=120)
    healthy = [one for one, _ in results]
    console.print(
        f"{asked.lorries} occupied lorries, campaign tuning {asked.seed}, "
        f"calibrations {kit().calibrations.id}; "
        f"with sound sensors {healthy.count(NO)} of them get no-indication"
    )
    table = Table("sensor", "fault", "other than healthy", "no-indication", "by the fault", title="faults")
    hits, of = 0, 0
    for row, (fault, _) in enumerate(results[0][1] if results else []):
        told = [(sound, found[row][0], found[row][1]) for sound, found in results]
        could = [(one, said) for sound, one, said in told if sound != NO]
        missed = [one.name for one, said in could if said == NO]
        hits, of = hits + len(missed), of + len(could)
        changed = sum(sound != said for sound, _, said in told)
        silent = sum(said == NO for _, _, said in told)
        table.add_row(fault.sensor, fault.kind, str(changed), str(silent), str(len(missed)))
    console.print(table)
    low, high = Rate(hits, of).interval
    console.print(
        f"no-indication by the fault: {hits} of {of} (95 % interval {low:.4f} to {high:.4f}); "
        "for each lorry and fault the sound scan said something else",
        highlight=False,
    )
    for number, (sound, found) in enumerate(results):
        for fault, said in found:
            if said == NO and sound != NO:
                values = {name: round(value, 3) for name, value in fault.values.items()}
                console.print(
                    f"lorry {number}: {sound} became {NO} by {fault.name} {values}", highlight=False
                )


if __name__ == "__main__":
    main()
