"""Searches by lot: uniform, the same for everybody, said once the scan is over, and nothing else changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from ulid import ULID

from drivers.api import ConfigError, Event, EventKind, Item
from scanner.decision import Decision
from scanner.evidence import Assessment, Evidence, EvidenceState, Reason, Recommendation
from scanner.methods import MethodKit
from scanner.modality import ScanView
from scanner.pipeline import Scan, with_digest
from scanner.policy import ClassPolicy, make_policy
from scanner.random_search import CHOSEN, draw, lot, search_chance
from scanner.vehicle import CargoClass, Declaration, VehicleClass

SILENT = (Recommendation.NO_INDICATION, Recommendation.INCONCLUSIVE)
DANGER = Reason("life_air_deadly")


def ulids(count: int) -> list[str]:
    """Return ids as a lane would give them over some weeks; always the same ones."""
    rng = np.random.default_rng(81)
    return [
        str(ULID.from_bytes((1_793_620_800_000 + 137_000 * n).to_bytes(6, "big") + rng.bytes(10)))
        for n in range(count)
    ]


def demands(share: float) -> ClassPolicy:
    return make_policy({"reefer": {"random_search": share}})[VehicleClass.REEFER]


def chosen(decision: Decision) -> bool:
    return any(reason.code == CHOSEN for reason in decision.reasons)


def silent(recommendation: Recommendation = Recommendation.NO_INDICATION, *said: Reason) -> Decision:
    return Decision(recommendation, True, said)


# The lot


def test_the_lot_is_what_the_command_line_gives():
    # printf %s 01JD8Z6W8S4N0T7K3Q5V9X2B1C | sha256sum
    whole = 0x036156730C1A9EE50721DCC46CEDC0C51E7F2FFC93BD93D7C0272C2BC553E319
    assert lot("01JD8Z6W8S4N0T7K3Q5V9X2B1C") == (whole >> (256 - 52)) / 2**52


def test_lots_are_uniform_over_ids():
    lots = np.array([lot(scan) for scan in ulids(20_000)])
    assert ((lots >= 0) & (lots < 1)).all()
    counts, _ = np.histogram(lots, bins=50, range=(0, 1))
    # a chi-square of 49 degrees of freedom: one honest sequence in a thousand is beyond this
    assert ((counts - 400.0) ** 2 / 400.0).sum() < stats.chi2.ppf(0.999, 49)


def test_ids_that_follow_each_other_have_lots_that_do_not():
    lots = np.array([lot(scan) for scan in ulids(20_000)])
    # of independent lots the correlation has a standard deviation of 1 / sqrt(n)
    assert abs(np.corrcoef(lots[:-1], lots[1:])[0, 1]) < 3.3 / math.sqrt(lots.size)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.9])
def test_the_share_that_is_chosen_is_the_policy_s(share: float):
    scans = ulids(5000)
    found = sum(chosen(draw(silent(), scan, demands(share), DANGER)) for scan in scans)
    assert stats.binomtest(found, len(scans), share).pvalue > 0.001


def test_who_is_chosen_by_a_small_share_is_chosen_by_a_larger_one():
    small, large = (
        {s for s in ulids(2000) if chosen(draw(silent(), s, demands(share), DANGER))} for share in (0.1, 0.3)
    )
    assert small
    assert small < large


# What it is drawn for


def test_alarms_are_searched_for_sure_and_silent_scans_by_the_policy():
    policy = demands(0.05)
    assert {r: search_chance(r, policy) for r in Recommendation} == {
        Recommendation.SEARCH: 1.0,
        Recommendation.RESCUE: 1.0,
        Recommendation.NO_INDICATION: 0.05,
        Recommendation.INCONCLUSIVE: 0.05,
    }


@pytest.mark.parametrize("recommendation", Recommendation)
@pytest.mark.parametrize("final", [True, False])
def test_only_final_decisions_without_an_alarm_are_drawn(recommendation: Recommendation, final: bool):
    before = Decision(recommendation, final, (Reason("measuring"),))
    drawn = [draw(before, scan, demands(0.999), DANGER) for scan in ulids(50)]
    assert all(one.recommendation is recommendation and one.final is final for one in drawn)
    if final and recommendation in SILENT:
        assert any(map(chosen, drawn))
    else:
        assert drawn == [before] * 50


def test_the_lot_is_said_first_but_not_before_deadly_air():
    scan = min(ulids(100), key=lot)
    plain = draw(
        silent(Recommendation.INCONCLUSIVE, Reason("not_enough_evidence")), scan, demands(0.5), DANGER
    )
    assert [r.code for r in plain.reasons] == [CHOSEN, "not_enough_evidence"]
    deadly = draw(
        silent(Recommendation.INCONCLUSIVE, DANGER, Reason("not_enough_evidence")), scan, demands(0.5), DANGER
    )
    assert [r.code for r in deadly.reasons] == [DANGER.code, CHOSEN, "not_enough_evidence"]
    assert deadly.reasons[1].values == {"share": 0.5}


def test_without_a_share_nothing_is_ever_chosen(monkeypatch: pytest.MonkeyPatch):
    assert not [s for s in ulids(5000) if chosen(draw(silent(), s, demands(0.0), DANGER))]
    monkeypatch.setattr("scanner.random_search.lot", lambda _: 0.0)
    assert not chosen(draw(silent(), "the lowest lot", demands(0.0), DANGER))


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share: float):
    with pytest.raises(ConfigError, match="random_search"):
        make_policy({"reefer": {"random_search": share}})


# In the pipeline


class Always:
    """A method that says one ratio from the first tick on."""

    def __init__(self, name: str, llr: float) -> None:
        self.name, self._llr = name, llr

    def feed(self, item: Item) -> None:
        """Need nothing."""

    def evaluate(self, now_ns: int, view: ScanView) -> Evidence:
        """Say it."""
        return Evidence(self.name, EvidenceState.READY, llr=self._llr)


@pytest.fixture
def assess(kit_saying: Callable[[float], MethodKit]) -> Callable[..., Assessment]:
    """Give a function that assesses a scan that an officer has ended, without a single measurement."""

    def run(scan_id: str, share: float, llr: float, ended: bool = True) -> Assessment:
        declared = Declaration(VehicleClass.REEFER, CargoClass.BOXED)
        policy = make_policy({"reefer": {"random_search": share}})
        methods = [Always("co2", llr), Always("heartbeat", llr)]
        scan = Scan(scan_id, declared, {}, methods, kit_saying(0.0).calibrations, policy, {})
        scan.feed(Event(EventKind.VISIT_START, 0, scan_id, {"visit": 1}))
        if ended:
            scan.feed(Event(EventKind.SCAN_END, 1_000_000_000, scan_id))
        return scan.tick(1_000_000_000)

    return run


def without_lot(assessment: Assessment) -> Assessment:
    kept = tuple(r for r in assessment.reasons if r.code != CHOSEN)
    return with_digest(replace(assessment, reasons=kept))


def test_a_chosen_scan_differs_by_its_reason_alone(assess: Callable[..., Assessment]):
    hits = 0
    for scan in ulids(40):
        never, often = assess(scan, 0.0, -3.0), assess(scan, 0.5, -3.0)
        assert never.recommendation is Recommendation.NO_INDICATION
        assert without_lot(never).digest == never.digest == without_lot(often).digest
        hits += often.digest != never.digest
        assert (often.digest != never.digest) == (lot(scan) < 0.5)
    assert 0 < hits < 40


@pytest.mark.parametrize(("llr", "ended"), [(6.0, True), (-3.0, False)])
def test_alarms_and_scans_that_go_on_keep_their_digest(
    assess: Callable[..., Assessment], llr: float, ended: bool
):
    for scan in ulids(20):
        assert assess(scan, 0.999, llr, ended).digest == assess(scan, 0.0, llr, ended).digest
