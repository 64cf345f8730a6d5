"""Pictures as the booth gets them: what is at a place in the sensor is at that place in the PNG."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from calibration.imager import temperature_c
from calibration.line_pixels import PixelClass
from drivers.api import Event, EventKind, Frame, LineBlock, LineScanEnd
from models.runtime import ImageModel, shipped_model
from scanner.lane.deep_picture import LARGEST_PNG, WHITE, deep_png, pixel_mm, places_mm
from scanner.lane.passing import passing_picture
from scanner.lane.picture_values import grey_png, heat_of, thermal_values, xray_seen
from scanner.lane.pictures import Pictures
from scanner.modalities.xray import XrayModality
from scanner.modalities.xray_passage import Passage
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import SENSORS
from tests.lane.short_lane import LORRY, UTC_NS


def decoded(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def lines() -> list[LineBlock | LineScanEnd]:
    items = lorry_items(LORRY.lorry(), duration_s=1.0, times=VisitTimes(xray_s=0.0))
    return [item for item in items if isinstance(item, LineBlock | LineScanEnd)]


@pytest.fixture
def passage(lines) -> Passage:
    collected = Passage()
    for item in lines:
        if isinstance(item, LineBlock):
            collected.take(replace(item, pixels=item.pixels.copy()))
        else:
            collected.finish(item)
    return collected


def test_a_hot_pixel_is_white_where_it_is_and_its_temperature_is_told():
    centi_c = np.full((24, 32), 350, np.int16)
    centi_c[5, 7] = 2840
    centi_c[20, 3] = -1200
    frame = Frame(centi_c, "°C", scale=0.01)
    values, unit, low, high = thermal_values(frame, None)
    grey = decoded(grey_png(values, low, high))
    assert (unit, round(low, 2), round(high, 2)) == ("°C", -12.0, 28.4)
    assert np.argwhere(grey == 255).tolist() == [[5, 7]]
    assert np.argwhere(grey == 0).tolist() == [[20, 3]]
    assert low + grey[0, 0] / 255 * (high - low) == pytest.approx(3.5, abs=0.1)


def test_a_pixel_without_a_value_is_black_and_sets_no_limit():
    frame = Frame(np.array([[0, -32768], [4000, 2000]], np.int16), "°C", scale=0.01)
    values, _, low, high = thermal_values(frame, SENSORS["thermal-doors"].certificate)
    assert (low, high) == (pytest.approx(0.0), pytest.approx(40.0))
    assert decoded(grey_png(values, low, high)).tolist() == [[0, 0], [255, 128]]
    assert np.isnan(temperature_c(frame, SENSORS["thermal-doors"].certificate)[0, 1])


def test_even_warmth_is_not_blown_up_to_noise():
    frame = Frame(np.array([[400, 410], [405, 400]], np.int16), "°C", scale=0.01)
    values, _, low, high = thermal_values(frame, None)
    grey = decoded(grey_png(values, low, high))
    assert high - low == pytest.approx(2.0)
    assert int(grey.max()) - int(grey.min()) < 20


def test_an_xray_picture_stands_upright_line_for_line(passage):
    truth = LORRY.lorry().xray()
    seen = xray_seen(passage)
    grey = decoded(grey_png(seen.values, 0.0, seen.high)).astype(float)
    assert seen.unit == ""
    assert grey.shape == truth.counted.data.T.shape
    dark = truth.counted.dark.mean(axis=0)
    through = (truth.counted.data - dark) / np.maximum(truth.counted.air.mean(axis=0) - dark, 1.0)
    dense = -np.log(np.clip(through, 1e-3, 1.0)).T

    def alike(picture: np.ndarray) -> float:
        return float(np.corrcoef(picture.ravel(), dense.ravel())[0, 1])

    assert alike(grey) > 0.9
    assert max(alike(grey[::-1]), alike(grey[:, ::-1])) < alike(grey) - 0.1


def test_a_block_of_steel_appears_at_its_lines_and_pixels(passage):
    block = passage.data[3]
    at_line = sum(b.pixels.shape[0] for b in passage.data[:3]) + 10
    dark = int(np.median(passage.dark[0].pixels))
    pixels = np.full_like(block.pixels, 50_000)
    for other in passage.data:
        other.pixels[:] = 50_000
    pixels[10:14, 200:230] = dark + 200
    block.pixels[:] = pixels
    seen = xray_seen(passage)
    grey = decoded(grey_png(seen.values, 0.0, seen.high))
    rows, columns = np.nonzero(grey > 200)
    assert (columns.min(), columns.max()) == (at_line, at_line + 3)
    assert (rows.min(), rows.max()) == (200, 229)


def test_boxes_of_the_model_lie_on_the_people_in_the_picture(passage, lines):
    """Boxes travel in the picture's pixels; the simulation knows where people are."""
    model = ImageModel(shipped_model("xray-people"), "log_attenuation")
    if model.card.format_version == 1:
        pytest.skip("the shipped model learned from the former scenes: it does not see people in these")
    truth = LORRY.lorry().xray()
    people = truth.people_m.T > 0.02
    assert people.any()
    seen = _evidence(lines, model)
    boxes = next(o for o in seen.overlays if o.kind == "boxes").boxes
    assert boxes
    values = xray_seen(passage).values
    assert people.shape == values.shape
    best = sorted(boxes, key=lambda box: -box.score)[:3]
    for box in best:
        assert 0 <= box.x < box.x + box.width <= values.shape[1]
        assert 0 <= box.y < box.y + box.height <= values.shape[0]
    assert any(people[box.y : box.y + box.height, box.x : box.x + box.width].any() for box in best)


def _evidence(lines, model):
    from drivers.api import ConnectionState, DeviceState
    from scanner.modality import ScanView

    method = XrayModality(None, model)
    for item in lines:
        method.feed(item)
    view = ScanView(
        LORRY.spec.declaration, SENSORS, states={"xray": DeviceState(ConnectionState.READY)}, utc_ns=UTC_NS
    )
    return method.evaluate(lines[-1].stamp.mono_ns, view)


def test_without_dark_and_air_lines_it_shows_counts(passage):
    passage.dark.clear()
    seen = xray_seen(passage)
    assert (seen.unit, seen.high) == ("counts", 65535.0)
    assert seen.values[17, 5] == passage.data[0].pixels[5, 17]


def test_a_picture_too_large_for_the_service_is_sent_smaller():
    noise = np.random.default_rng(7).random((2048, 4608), np.float32)
    classes = np.zeros(noise.shape, np.uint8)
    classes[100:102, 201] = PixelClass.NOT_PENETRATED
    png = deep_png(noise, 0.0, 1.0, classes)
    grey = decoded(png)
    assert len(png) <= LARGEST_PNG
    assert (grey.shape, grey.dtype) == ((1024, 2304), np.uint16)
    assert np.argwhere(grey > WHITE).tolist() == [[50, 100]]


def test_each_sixteenth_bit_tells_something():
    values = np.linspace(0.0, 8.0, WHITE + 1, dtype=np.float64).astype(np.float32)[None]
    assert np.abs(decoded(deep_png(values, 0.0, 8.0)).astype(int) - np.arange(WHITE + 1)).max() <= 1


def test_what_is_no_value_is_told_apart_from_what_is_dense(passage):
    block = passage.data[2]
    at = sum(b.pixels.shape[0] for b in passage.data[:2])
    dark = np.median(passage.dark[0].pixels, axis=0)
    block.pixels[5:25, 100:130] = dark[100:130]  # as if a plate stood there
    block.pixels[30:33, 50:53] = 65_535
    block.dose[40] = 0
    seen = xray_seen(passage)
    grey = decoded(deep_png(seen.values, 0.0, seen.high, seen.classes))
    codes = {kind: grey == WHITE - 1 + kind for kind in (2, 3, 4)}
    assert codes[PixelClass.NOT_PENETRATED][105:125, at + 8 : at + 22].all()
    assert codes[PixelClass.SATURATED][50:53, at + 30 : at + 33].all()
    assert codes[PixelClass.MISSING][:, at + 40].all()
    known = grey <= WHITE
    back = grey[known] / WHITE * seen.high
    assert np.abs(back - np.clip(seen.values[known], 0, None)).max() < seen.high / WHITE


def test_the_scale_is_the_detectors_or_the_certificates(passage):
    n_lines = sum(b.encoder.size for b in passage.data)
    told = places_mm(passage.data, {})
    first = passage.data[0]
    assert pixel_mm(passage.data, {}) == first.pixel_pitch_um / 1000
    assert pixel_mm(passage.data, {"pixel_pitch_um": 4200.0}) == 4.2
    assert told == sorted(told)
    assert told[-1] == pytest.approx((n_lines - 1) * first.line_pitch_um / 1000, rel=0.02)
    unknown = [replace(b, pixel_pitch_um=0, line_pitch_um=0) for b in passage.data]
    assert (pixel_mm(unknown, {}), places_mm(unknown, {})) == (None, [])


def test_a_lorry_that_slows_down_is_measured_by_its_encoder(passage):
    """Lines at even times: the second half at half the speed."""
    n_lines = sum(b.encoder.size for b in passage.data)
    count = np.concatenate([np.arange(n_lines // 2) * 20, n_lines // 2 * 20 + np.arange(n_lines // 2) * 10])
    numbers = np.arange(n_lines, dtype=np.int64)
    block = replace(passage.data[0], encoder=count.astype(np.int64), line_numbers=numbers)
    told = places_mm([block], {"encoder_um_per_count": 250.0})
    assert told[32] == pytest.approx(n_lines / 2 * 5.0, rel=0.01)
    assert told[-1] == pytest.approx(n_lines / 2 * 7.5, rel=0.01)


def test_no_heat_without_evidence():
    assert heat_of(None, "xray") is None


def test_a_picture_grows_while_the_lorry_passes(passage):
    """However the lines come, block by block, each looks as in the whole picture at the end."""
    whole = xray_seen(passage).values
    growing = passing_picture(passage)
    widths = []
    for n in (1, 2, 5, len(passage.data)):
        values = growing.grow(passage.data[:n])
        widths.append(values.shape[1])
        differ = np.abs(values - whole[:, : values.shape[1]]) > 1e-5
        assert differ.mean() < 0.01  # at the edges of blocks, what is not penetrated is judged by less
    assert widths == sorted(widths)
    assert widths[0] == passage.data[0].pixels.shape[0]
    assert widths[-1] == whole.shape[1]


def test_a_growing_picture_without_references_is_counts(passage):
    passage.air.clear()
    growing = passing_picture(passage)
    assert growing.reference is None
    assert growing.grow(passage.data[:2])[17, 5] == passage.data[0].pixels[5, 17]


class _StillLane:
    """As much of a lane as pictures ask: its clock stands where the last line came."""

    now_ns = 0
    config = SimpleNamespace(sensors={})

    def clock(self) -> int:
        return self.now_ns

    wall = clock

    def snapshot(self) -> SimpleNamespace:
        return SimpleNamespace(assessment=None, last=None, scan_id="")


def test_an_unfinished_passage_is_sent_as_passing_and_the_whole_one_when_it_ends(lines):
    sent: dict[str, bytes] = {}

    class Client:
        def ask(self, method: str, path: str, png: bytes, kind: str) -> SimpleNamespace:
            sent[path.split("?")[0]] = png
            return SimpleNamespace(is_problem=False)

    lane = _StillLane()
    pictures = Pictures(lane, Client(), SimpleNamespace(connected=True))  # type: ignore[arg-type]
    pictures.see(Event(EventKind.VISIT_START, 0, "01JD8Z6W8S4N0T7K3Q5V9X2B1C"))
    told = []
    for number, item in enumerate(lines):
        lane.now_ns = item.stamp.mono_ns
        pictures.see(item)
        if number % 4 == 3 or isinstance(item, LineScanEnd):
            for picture in pictures._to_send():
                pictures._send(picture)
                told.append(picture.told)
                assert decoded(sent["/pictures/xray"]).shape == (picture.told.height, picture.told.width)
    assert [one.passing for one in told] == [True] * (len(told) - 1) + [False]
    widths = [one.width for one in told]
    assert len(told) > 3
    assert widths == sorted(widths)
    assert pictures._to_send() == []
