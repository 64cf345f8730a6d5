"""One window for both seismic methods, and each sample heard once: the same evidence, for less work."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from calibration.certificates import Certificate
from drivers.api import Channel, Event, EventKind, Flag, Role, Stamp, WaveformBlock
from scanner.evidence import Evidence, EvidenceState
from scanner.methods import load_kit
from scanner.modalities import seismic_window
from scanner.modalities.heartbeat import HeartbeatModality
from scanner.modalities.movement import MovementModality
from scanner.modalities.row_listener import RowListener
from scanner.modalities.seismic_window import RowSource, SeismicWindow
from scanner.modality import ScanView, Sensor

MakeView = Callable[..., ScanView]
Sensors = dict[str, Sensor]
Method = HeartbeatModality | MovementModality
FS_HZ = 200.0
GEOPHONES = tuple(
    Channel(name, role, 28.8, 4.5, 0.7, 5e7)
    for name, role in (("c1", Role.CHASSIS), ("c2", Role.CHASSIS), ("g1", Role.GROUND))
)


def blocks(seconds: int, seed: int = 1) -> list[WaveformBlock]:
    """Blocks of a second each; two chassis channels share a shaking ground."""
    rng = np.random.default_rng(seed)
    n = round(seconds * FS_HZ)
    ground, *own = rng.normal(size=(3, n))
    x = np.stack([0.7 * ground + 0.5 * own[0], 0.6 * ground + 0.5 * own[1], ground])
    counts = np.rint(3000 * x).astype(np.int32)
    step = round(FS_HZ)
    return [
        WaveformBlock(
            counts[:, k * step : (k + 1) * step],
            FS_HZ,
            GEOPHONES,
            stamp=Stamp("g", Role.CHASSIS, (k + 1) * 10**9, k),
        )
        for k in range(seconds)
    ]


def played(
    methods: tuple[Method, ...], made: list[WaveformBlock], view: ScanView, each: bool = True
) -> list[Evidence]:
    """Feed all methods each block; ask them then, or at the end only."""
    said: list[Evidence] = []
    for block in made:
        for method in methods:
            method.feed(block)
        if each or block is made[-1]:
            said = [method.evaluate(block.stamp.mono_ns, view) for method in methods]
    return said


def both() -> tuple[HeartbeatModality, MovementModality]:
    window = SeismicWindow()
    return HeartbeatModality(None, window), MovementModality(None, window)


def told(evidence: Evidence) -> tuple[object, ...]:
    return evidence.state, evidence.reason, evidence.score, evidence.features


def test_a_scans_methods_share_a_window_and_scans_do_not() -> None:
    kit = load_kit(calibrated=False)
    (first, second), (other, _) = (
        [m.window for m in kit.make() if isinstance(m, HeartbeatModality | MovementModality)]
        for _ in range(2)
    )
    assert first is second
    assert first is not other


def test_a_shared_window_says_what_one_of_its_own_says(board: Sensors, make_view: MakeView) -> None:
    view, made = make_view(board, elapsed_s=30), blocks(30)
    shared = played(both(), made, view)
    alone = [played((method(None),), made, view)[0] for method in (HeartbeatModality, MovementModality)]
    assert [told(e) for e in shared] == [told(e) for e in alone]
    assert [e.state.value for e in shared] == ["ready", "ready"]


def test_a_method_that_fails_does_not_starve_the_other(board: Sensors, make_view: MakeView) -> None:
    """The pipeline feeds a failed method no more."""
    view, made = make_view(board, elapsed_s=30), blocks(30)
    heart, movement = both()
    for block in made[:10]:
        heart.feed(block)
        movement.feed(block)
    said = played((movement,), made[10:], view)
    assert told(said[0]) == told(played((MovementModality(None),), made, view)[0])


@pytest.fixture
def asked(monkeypatch) -> list[int]:
    """Take a 1 for each time that a window is worked out."""
    times: list[int] = []
    judge = seismic_window.channel_health
    monkeypatch.setattr(seismic_window, "channel_health", lambda *a: (times.append(1), judge(*a))[1])
    return times


def test_a_window_that_is_too_short_is_worked_out_once_a_tick(
    board: Sensors, make_view: MakeView, asked: list[int]
) -> None:
    made = blocks(10)
    said = played(both(), made, make_view(board, elapsed_s=10), each=False)
    assert [e.state.value for e in said] == ["pending", "pending"]
    assert said[0].reason == said[1].reason
    assert len(asked) == 1


def test_the_window_is_worked_out_once_a_tick(board: Sensors, make_view: MakeView, asked: list[int]) -> None:
    view, made = make_view(board, elapsed_s=25), blocks(25)
    methods = both()
    played(methods, made[:-1], view, each=False)
    assert len(asked) == 1
    played(methods, made[-1:], view)  # what is new is not answered with what was
    assert len(asked) == 2


def test_a_certificate_that_changes_between_two_ticks_counts(board: Sensors, make_view: MakeView) -> None:
    view, made = make_view(board, elapsed_s=25), blocks(25)
    methods = both()
    before = played(methods, made, view)[0]
    old = Certificate("OLD", date(2024, 1, 1), date(2025, 1, 1), {"damping": 0.7})
    expired = make_view({"g": replace(board["g"], certificate=old)})
    after = methods[0].evaluate(made[-1].stamp.mono_ns, expired)
    assert before.state is EvidenceState.READY
    assert after.reason is not None
    assert after.reason.code == "seismic_certificate_expired"


def test_a_new_visit_forgets_the_window_of_both(board: Sensors, make_view: MakeView) -> None:
    view, made = make_view(board, elapsed_s=30), blocks(30)
    methods = both()
    played(methods, blocks(30, seed=2), view)
    for method in methods:
        method.feed(Event(EventKind.VISIT_START, 0, data={"visit": 2}))
    assert [told(e) for e in played(methods, made, view)] == [told(e) for e in played(both(), made, view)]


def test_movement_heard_every_second_or_once_is_the_same(board: Sensors, make_view: MakeView) -> None:
    view, made = make_view(board, elapsed_s=50), blocks(50)
    each, once = (played((MovementModality(None),), made, view, flag)[0] for flag in (True, False))
    assert each.score == pytest.approx(once.score, rel=1e-6)
    assert each.features == pytest.approx(once.features, rel=1e-6)


def test_movement_begins_again_without_a_channel_that_clips(board: Sensors, make_view: MakeView) -> None:
    view, made = make_view(board, elapsed_s=40), blocks(40)
    clips = [replace(b, clipped=0b1, flags=Flag.CLIPPED) if k > 25 else b for k, b in enumerate(made)]
    rest = [replace(b, counts=b.counts[1:], channels=b.channels[1:]) for b in made]
    one, other, whole = (played((MovementModality(None),), m, view)[0] for m in (clips, rest, made))
    assert one.features["log_ratio"] == pytest.approx(other.features["log_ratio"], rel=1e-6)
    assert one.features["log_ratio"] != pytest.approx(whole.features["log_ratio"], rel=1e-3)


def test_what_is_kept_of_a_long_visit_does_not_grow(board: Sensors, make_view: MakeView) -> None:
    view, methods, kept = make_view(board, elapsed_s=100), both(), []
    for k, block in enumerate(blocks(240)):
        for method in methods:
            method.feed(block)
            if k % 20 == 19:
                assert method.evaluate(block.stamp.mono_ns, view).state is EvidenceState.READY
        if k in (119, 239):
            kept.append([len(pickle.dumps(method)) for method in methods])
    assert kept[1] == pytest.approx(kept[0], rel=0.02)


class TestRowListener:
    """A listener that keeps what it is given."""

    @staticmethod
    def source(taken: int, held: int, key: int = 1) -> RowSource:
        counts = np.arange(taken - held, taken, dtype=float)[np.newaxis]
        return RowSource(("g", key, (0,)), GEOPHONES[:1], (), counts, np.ones(counts.shape, bool), taken)

    @staticmethod
    def listener() -> RowListener[list[float]]:
        return RowListener(lambda *_: [], lambda counts, _usable, state: [*state, *counts[0].tolist()])

    def test_each_sample_comes_once(self) -> None:
        listener = self.listener()
        for taken in (7, 7, 20, 26, 30):
            heard = listener.hear(self.source(taken, min(taken, 10 if taken < 20 else 15)), 10.0)
        assert heard == list(range(30))
        assert listener.usable_s == pytest.approx(3.0)

    @pytest.mark.parametrize(("taken", "key"), [(12, 2), (40, 1)], ids=["other rows", "too late"])
    def test_it_starts_again_with_all_that_is_held(self, taken: int, key: int) -> None:
        listener = self.listener()
        listener.hear(self.source(10, 10), 10.0)
        assert listener.hear(self.source(taken, 8, key), 10.0) == list(range(taken - 8, taken))
        assert listener.usable_s == pytest.approx(0.8)
