"""A scan's line of time: its values against the recording, read with the public libraries alone."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.reader import make_reader
from ulid import ULID

from scanner.recording.errors import RecordingForeign, RecordingTooNew
from scanner.recording.hashing import file_sha256
from scanner.timeline.build import RecordingChanged, VisitFile, build_timeline
from scanner.timeline.curves import MOST_POINTS, envelope
from scanner.timeline.shapes import Happened, TimelineVisit
from tests.recorded_lorry import record_lorry

SCAN = str(ULID())


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """Give the recording of a visit of 30 s."""
    path: Path = tmp_path_factory.mktemp("recorded") / "visit-01.mcap"
    record_lorry(path, SCAN)
    return path


@pytest.fixture(scope="module")
def built(recording, tmp_path_factory):
    """Give what is built of it, and the folder of its pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    return build_timeline([VisitFile(recording, file_sha256(recording))], folder), folder


@pytest.fixture(scope="module")
def visit(built) -> TimelineVisit:
    """Give its only visit."""
    [one] = built[0].timeline.visits
    return one


@pytest.fixture(scope="module")
def messages(recording) -> dict[str, list[Any]]:
    """Read the file by mcap and protobuf: topic → messages in order."""
    found: dict[str, list[Any]] = defaultdict(list)
    classes: dict[int, Any] = {}
    with recording.open("rb") as file:
        for schema, channel, message in make_reader(file).iter_messages(log_time_order=False):
            if channel.message_encoding == "json":
                found[channel.topic].append(json.loads(message.data))
            elif channel.message_encoding == "protobuf":
                if schema.id not in classes:
                    pool = descriptor_pool.DescriptorPool()
                    for one in descriptor_pb2.FileDescriptorSet.FromString(schema.data).file:
                        pool.Add(one)
                    classes[schema.id] = message_factory.GetMessageClass(
                        pool.FindMessageTypeByName(schema.name)
                    )
                found[channel.topic].append(classes[schema.id].FromString(message.data))
    return found


@pytest.fixture(scope="module")
def start_ns(messages) -> int:
    """Give when the visit begins."""
    return int(messages["/event"][0]["mono_ns"])


def trace(visit, sensor, channel="", cancelled=False):
    [one] = [t for t in visit.traces if (t.sensor, t.channel, t.cancelled) == (sensor, channel, cancelled)]
    return one


def test_scalars_are_those_of_the_file(visit, messages, start_ns):
    samples = [m for m in messages["/sample/co2-inside"] if m["quantity"] == "co2_ppm"]
    curve = trace(visit, "co2-inside")
    assert curve.unit == "ppm"
    assert curve.t_s == pytest.approx([(m["mono_ns"] - start_ns) / 1e9 for m in samples], abs=1e-3)
    assert curve.high == curve.low == pytest.approx([m["value"] for m in samples], rel=1e-3)


def test_a_geophone_s_envelope_holds_every_sample(visit, messages, start_ns):
    blocks = messages["/waveform/geophones"]
    channel = blocks[0].channels[0]
    counts = np.concatenate([np.frombuffer(b.counts, "<i4").reshape(b.n_channels, -1)[0] for b in blocks])
    um_s = (counts - counts.mean()) / (channel.sensitivity_v_per_m_s * channel.counts_per_volt) * 1e6
    fs_hz = blocks[0].fs_hz
    t_s = (blocks[-1].mono_ns - start_ns) / 1e9 - (np.arange(um_s.size)[::-1]) / fs_hz
    curve = trace(visit, "geophones", channel.name)
    assert curve.unit == "µm/s"
    assert len(curve.t_s) <= MOST_POINTS
    slack = 0.01 * um_s.std()
    drift = 0.5 * um_s.std()  # the followed mean is not the mean of all
    for at in range(200, len(curve.t_s), 50):
        end_s = curve.t_s[at]
        near = um_s[(t_s > end_s - 0.049) & (t_s <= end_s + 0.001)]
        assert curve.high[at] - curve.low[at] == pytest.approx(np.ptp(near), abs=slack)
        assert curve.high[at] == pytest.approx(near.max(), abs=drift)


def test_less_is_left_once_what_can_be_foretold_is_taken_away(visit):
    raw, left = (trace(visit, "geophones", "c1", cancelled) for cancelled in (False, True))
    size = [np.median(np.array(t.high) - np.array(t.low)) for t in (raw, left)]
    assert size[1] < 0.7 * size[0]
    assert left.t_s[0] < 1.0
    assert left.t_s[-1] > raw.t_s[-1] - 1.0


def test_each_assessment_is_the_recorded_one(visit, messages, start_ns):
    told = messages["/assessment"]
    assert [s.assessment.digest for s in visit.steps] == [m["assessment"]["digest"] for m in told]
    assert [s.t_s for s in visit.steps] == pytest.approx(
        [(m["mono_ns"] - start_ns) / 1e9 for m in told], abs=0.01
    )
    [co2] = [course for course in visit.courses if course.modality == "co2"]
    for (t_s, llr, state), m in zip(zip(co2.t_s, co2.llr, co2.state, strict=True), told, strict=True):
        [evidence] = [e for e in m["assessment"]["evidences"] if e["modality"] == "co2"]
        assert state == evidence["state"]
        assert llr == (pytest.approx(evidence["llr"], abs=1e-3) if state == "ready" else None), t_s
    fused = [m["assessment"]["fused"]["llr"] for m in told]
    assert visit.fused.llr == pytest.approx(fused, abs=1e-3)
    assert visit.assessed == "recorded"


def test_what_happened_is_there_with_its_time(visit, messages, start_ns):
    probe = next(m for m in messages["/event"] if m["kind"] == "probe_in")
    [shown] = [event for event in visit.events if event.kind is Happened.PROBE_IN]
    assert shown.t_s == pytest.approx((probe["mono_ns"] - start_ns) / 1e9, abs=0.01)
    changes, before = [], None
    for m in messages["/assessment"]:
        said = m["assessment"]["recommendation"], m["assessment"]["final"]
        changes += [said] if said != before else []
        before = said
    shown_changes = [e for e in visit.events if e.kind is Happened.RECOMMENDATION]
    assert [(e.recommendation, e.final) for e in shown_changes] == changes


def test_beats_come_as_often_as_the_detector_says(visit):
    heart = next(e for e in visit.steps[-1].assessment.evidences if e.modality == "heartbeat")
    assert heart.state == "ready"
    assert visit.beats is not None
    steps_s = np.diff([t for t in visit.beats.t_s if t > 5])
    assert 60 / np.median(steps_s) == pytest.approx(heart.features["bpm"], rel=0.05)
    assert min(visit.beats.chance) > 0.2


def test_a_thermal_picture_is_the_frame_of_its_time(built, visit, messages, start_ns):
    folder, files = built[1], built[0].pictures
    pictures = [p for p in visit.pictures if p.picture.kind == "thermal"]
    assert 25 <= len(pictures) <= 31
    one = pictures[10]
    frame = next(
        m for m in messages["/frame/thermal-doors"] if (m.mono_ns - start_ns) / 1e9 >= one.t_s - 0.006
    )
    png = (folder / files[one.picture.sensor][one.picture.version]).read_bytes()
    grey = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED).astype(float)
    pixels = np.frombuffer(frame.data, "<u2").reshape(frame.height, frame.width).astype(float)
    assert grey.shape == pixels.shape == (one.picture.height, one.picture.width)
    assert np.corrcoef(grey.ravel(), pixels.ravel())[0, 1] > 0.999
    assert one.picture.taken_utc_ms == one.picture.version
    assert one.picture.version == pytest.approx(visit.started_utc_ms + 1e3 * one.t_s, abs=10)


def test_a_recording_without_assessments_is_replayed(tmp_path):
    path = tmp_path / "visit-01.mcap"
    record_lorry(path, SCAN, seconds=12.0, without=("xray", "geophones", "shake"), assessed=False)
    [visit] = build_timeline([VisitFile(path)], tmp_path).timeline.visits
    assert (visit.assessed, visit.as_told, len(visit.steps)) == ("replayed", None, 12)
    assert {course.modality for course in visit.courses} >= {"co2", "thermal"}
    assert any(event.kind is Happened.RECOMMENDATION for event in visit.events)


def test_a_cut_recording_is_shown_up_to_the_cut_and_says_so(recording, visit, tmp_path):
    cut = tmp_path / "visit-01.mcap"
    data = recording.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    [part] = build_timeline([VisitFile(cut)], tmp_path).timeline.visits
    assert not part.whole
    assert visit.whole
    assert 5 < part.duration_s < visit.duration_s - 5


@pytest.mark.parametrize(("keep", "said"), [(0.5, "cut off"), (1.0, "differs")])
def test_another_file_than_the_lane_wrote_is_refused(recording, tmp_path, keep, said):
    data = bytearray(recording.read_bytes())
    told = VisitFile(tmp_path / "visit-01.mcap", file_sha256(recording), len(data))
    data[len(data) // 3] ^= 1
    told.path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(RecordingChanged, match=said):
        build_timeline([told], tmp_path)


def test_a_newer_format_is_refused(recording, tmp_path):
    newer = tmp_path / "visit-01.mcap"
    data = recording.read_bytes()
    key = b"format_version" + (1).to_bytes(4, "little")
    assert data.count(key + b"1") == 1
    newer.write_bytes(data.replace(key + b"1", key + b"9"))
    with pytest.raises(RecordingTooNew):
        build_timeline([VisitFile(newer)], tmp_path)


def test_what_is_no_recording_is_refused(tmp_path):
    text = tmp_path / "visit-01.mcap"
    text.write_text("a letter")
    with pytest.raises(RecordingForeign):
        build_timeline([VisitFile(text)], tmp_path)


def test_a_long_curve_keeps_its_extremes_and_its_gaps():
    rng = np.random.default_rng(5)
    t_s = np.concatenate([np.arange(0, 400, 0.05), np.arange(500, 900, 0.05)])
    value = rng.normal(size=t_s.size)
    value[777] = 40.0
    at, low, high = envelope(t_s, value - 1, value + 1, MOST_POINTS)
    assert len(at) <= MOST_POINTS
    assert (low.min(), high.max()) == (value.min() - 1, 41.0)
    assert abs(at[high.argmax()] - t_s[777]) < 0.7
    assert not ((at > 401) & (at < 499)).any()
    assert (np.diff(at) > 0).all()
