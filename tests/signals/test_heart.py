"""The listener on simulated vehicles: hearts found, nothing heard in noise, any split the same."""

from dataclasses import replace
from itertools import count, islice

import numpy as np
import pytest

from scanner.signals.beat_features import N_FEATURES
from scanner.signals.beat_network import card, moments_of
from scanner.signals.beat_track import beat_track
from scanner.signals.heart import LEAST_LLR, find_heart, hear_features, heart_state, listen
from scanner.signals.heart_limits import KNOCK_SCORE, knocked, stepped
from scanner.signals.knocks import knock_llr
from scanner.signals.trains import follow_trains, trains_of, trains_state
from scanner.simulation.priors import draw
from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import Condition, Confounder, draw_vibration


def heard(counts, usable=None, piece=None, n_chassis=4, fs_hz=100.0):
    usable = np.ones(counts.shape, bool) if usable is None else usable
    state = heart_state(n_chassis, counts.shape[0] - n_chassis, fs_hz)
    piece = piece or counts.shape[1]
    for at in range(0, counts.shape[1], piece):
        state = listen(counts[:, at : at + piece], usable[:, at : at + piece], state)
    return state


@pytest.fixture(scope="module")
def occupied():
    return record_vibration(draw_vibration(11, Condition.CALM, 1), 40.0)


def test_a_heart_in_calm_is_found_with_its_rate(occupied):
    finding = find_heart(heard(occupied.counts))
    beats = occupied.beats_s
    assert finding.p_value < 1e-3
    assert finding.bpm == pytest.approx(60 / np.diff(beats[beats > 20]).mean(), abs=5)


def test_noise_alone_is_no_heart():
    empty = [record_vibration(draw_vibration(seed, Condition.CALM, 0), 30.0).counts for seed in range(20, 32)]
    assert np.median([find_heart(heard(counts)).p_value for counts in empty]) > 0.2


@pytest.mark.parametrize("piece", [7, 130, 1000])
def test_any_split_gives_the_same_finding(occupied, piece):
    whole, parts = (find_heart(heard(occupied.counts[:, :2500], piece=p)) for p in (None, piece))
    assert parts.score == pytest.approx(whole.score, rel=1e-6)
    assert parts.bpm == pytest.approx(whole.bpm, rel=1e-6)


def test_the_unit_of_the_counts_does_not_matter(occupied):
    counts = occupied.counts[:, :2500].astype(float)
    gains = np.array([[1.0], [-3.0], [0.1], [7.0], [2.0], [1.0]])
    first, second = (find_heart(heard(x)) for x in (counts, gains * counts))
    assert second.score == pytest.approx(first.score, rel=0.1)  # whitened axes turn with the gains


def test_too_little_is_no_finding(occupied):
    assert find_heart(heard(occupied.counts[:, :1000])) is None


def test_a_gap_is_not_heard_and_teaches_nothing(occupied):
    usable = np.ones(occupied.counts.shape, bool)
    usable[:, 1800:2000] = False
    wild = occupied.counts.astype(float)
    wild[:, 1800:2000] = np.nan
    finding = find_heart(heard(wild, usable))
    assert finding.heard_s < find_heart(heard(occupied.counts)).heard_s - 2
    assert finding.p_value < 1e-3


def test_a_channel_of_zeros_takes_nothing_away(occupied):
    counts = occupied.counts.copy()
    counts[2] = 0
    assert find_heart(heard(counts)).p_value < 1e-3


@pytest.mark.parametrize("rate", [100.0, 125.0, 200.0, 500.0])
def test_usual_rates_are_heard(rate):
    assert 40 <= heart_state(4, 1, rate).rate_hz <= 60


def test_a_rate_that_cannot_be_brought_near_is_refused():
    with pytest.raises(ValueError, match="20 Hz"):
        heart_state(4, 1, 20.0)


def test_features_of_another_make_are_refused():
    with pytest.raises(ValueError, match="3 features"):
        moments_of(np.zeros((3, 100)), np.ones(100, bool))


def test_unusable_moments_are_no_evidence():
    rng = np.random.default_rng(1)
    usable = np.ones(100, bool)
    usable[40:60] = False
    told = moments_of(rng.normal(size=(N_FEATURES, 100)), usable)
    assert told.shape == (2, 84)
    assert not told[:, 40 - 8 : 60 - 8].any()
    assert told[:, :20].all()


def test_the_card_says_what_it_was_trained_on():
    assert "simulated" in card()["trained_on"]
    assert len(card()["data_sha256"]) == 64


def test_innovations_without_references_have_features():
    x = np.random.default_rng(2).normal(size=(1, 2000))
    features, usable, _ = hear_features(x, np.ones(x.shape, bool), heart_state(1, 0, 100.0))
    assert features.shape[:2] == (2, N_FEATURES)
    assert np.isfinite(features).all()
    assert usable[50:].all()


def test_p_values_fall_as_scores_rise():
    finding = find_heart(heard(record_vibration(draw_vibration(21, Condition.CALM, 0), 20.0).counts))
    trains = finding.trains
    values = [
        replace(finding, trains=replace(trains, llr=float(llr))).p_value for llr in np.linspace(-20, 60, 200)
    ]
    assert values[0] == 1.0
    assert np.all(np.diff(values) <= 0)
    assert 0 < values[-1] < 1e-6


def test_steps_beat_in_the_ground():
    def scores(confounder):
        made = [draw_vibration(seed, Condition.CALM, 0, confounder) for seed in range(60, 70)]
        return [find_heart(heard(record_vibration(spec, 40.0).counts)).ground_score for spec in made]

    assert sum(stepped(score) for score in scores(Confounder.STEPS)) >= 4
    assert not any(stepped(score) for score in scores(Confounder.NONE))


def test_without_references_no_ground_beats(occupied):
    assert find_heart(heard(occupied.counts[:4])).ground_score == 0.0


def scores_of_blows(noise: float, width: int) -> tuple[float, float]:
    """Scores of blows 107 times a minute, whether moments may speak against a beat at will or not."""
    rng = np.random.default_rng(7)
    moments = rng.normal(-0.4, noise, 1500)
    for beside in range(width):
        moments[beside::14] = -5.0
    free, bounded = (
        trains_of(follow_trains(np.maximum(moments, least), trains_state(32))).score(60.0)
        for least in (-np.inf, LEAST_LLR)
    )
    return free, bounded


def test_moments_between_regular_blows_are_no_beats():
    free, bounded = scores_of_blows(0.6, 5)
    assert free > 1.5
    assert bounded < 0.2


def test_moments_between_short_blows_in_wide_noise_are_no_beats():
    free, bounded = scores_of_blows(1.0, 3)
    assert bounded < 0.7 * free


def test_drops_that_fall_like_a_taps_look_like_knocks_and_hearts_do_not():
    def told(seeds, confounder, persons):
        """What looks like knocks of those that might pass for a heart."""
        out = []
        for seed in seeds:
            spec = draw_vibration(seed, Condition.CALM, persons, confounder)
            state = heard(record_vibration(spec, 30.0).counts)
            score = find_heart(state).score
            if score > KNOCK_SCORE:
                out.append(knocked(score, knock_llr(beat_track(state.moments).posterior, state.knocks)))
        return out

    regular = (s for s in count(60) if draw(s, "knock.regularity") > 0.8)
    beating = (s for s in regular if 45 < draw(s, "knock.per_min") < 170)
    drops = told(islice(beating, 30), Confounder.DRIPS, 0)
    hearts = told(range(60, 90), Confounder.NONE, 1)
    assert len(drops) >= 8
    assert np.mean(drops) > 0.7
    assert len(hearts) >= 24
    assert np.mean(hearts) <= 0.05
