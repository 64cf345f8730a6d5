"""``lorryscan models``, and lanes with a model of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.card import CARD_KEY, ModelCard
from models.runtime import ImageModel, shipped_model
from scanner.comparison.simulated import FIRST_SEED, lorries
from tests.cli.conftest import Done
from tests.models import cards
from tests.models import onnx_by_hand as by_hand
from tests.models.test_comparison import SIZE, _recorded

Run = Callable[..., Done]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"


def _written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _whole(tmp_path: Path, name: str = "acme-people", gain: float = 1.0) -> Path:
    card = cards.xray(name=name, input_shape=list(SIZE), output_shape=[58, 200])
    gains = np.full((1, 1), gain, np.float32)
    return _written(
        tmp_path / f"{name}.onnx", by_hand.mean_network(size=SIZE, gains=gains, metadata={CARD_KEY: card})
    )


def test_the_example_of_the_page_works_from_export_to_lane(tmp_path: Path, lorryscan: Run) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    card_file = _written(tmp_path / "card.json", example)
    exported = _written(tmp_path / "exported.onnx", by_hand.mean_network(planes=3))
    out = tmp_path / "acme.onnx"
    bare = lorryscan("models", "check", exported)
    assert bare.status == 1
    assert "lorryscan models card" in bare.out
    made = lorryscan("models", "card", exported, "--card", card_file, "--out", out)
    assert made.status == 0, made.said
    checked = lorryscan("models", "check", out)
    assert checked.status == 0
    assert not re.findall(r"^  (note|wrong)", checked.out, re.MULTILINE)
    shown = lorryscan("models", "show", out)
    assert shown.status == 0
    for words in ("acme-people@", "6 MV", "8.700 to 9.400", "2000", "volunteers", "4000", "9000"):
        assert words in shown.out
    assert ImageModel(out, "log_attenuation").card == ModelCard.model_validate_json(example)


def test_check_as_json(tmp_path: Path, lorryscan: Run) -> None:
    done = lorryscan("models", "check", _written(tmp_path / "n.onnx", by_hand.mean_network()), "--json")
    told = json.loads(done.out)
    assert (done.status, told["passed"]) == (1, False)
    assert next(line for line in told["lines"] if line["verdict"] == "wrong")["what"] == "card"
    good = lorryscan("models", "check", shipped_model("xray-people"), "--json")
    assert (good.status, json.loads(good.out)["passed"]) == (0, True)


def test_a_card_with_faults_is_refused_with_all_of_them(tmp_path: Path, lorryscan: Run) -> None:
    network = _written(tmp_path / "n.onnx", by_hand.mean_network())
    card_file = _written(tmp_path / "card.json", cards.xray(auc=None, colour="red"))
    out = tmp_path / "new.onnx"
    done = lorryscan("models", "card", network, "--card", card_file, "--out", out)
    assert done.status == 2
    assert "2 to mend" in done.said
    assert "auc: it is missing" in done.said
    assert "colour: there is no such field" in done.said
    assert not out.exists()
    odd = _written(tmp_path / "odd.json", cards.xray(planes=["quantity", "beam"]))
    assert "no beam is named" in lorryscan("models", "card", network, "--card", odd, "--out", out).said
    sound = _written(tmp_path / "sound.json", cards.xray())
    assert lorryscan("models", "card", network, "--card", sound, "--out", network).status == 2
    no_onnx = _written(tmp_path / "no.onnx", b"nothing")
    done = lorryscan("models", "card", no_onnx, "--card", sound, "--out", out)
    assert (done.status, "no ONNX model" in done.said) == (1, True)
    assert lorryscan("models", "card", network, "--card", tmp_path / "none", "--out", out).status == 2


def test_show_wants_a_card(tmp_path: Path, lorryscan: Run) -> None:
    done = lorryscan("models", "show", _written(tmp_path / "n.onnx", by_hand.mean_network()))
    assert (done.status, "lorryscan models check" in done.said) == (1, True)
    assert lorryscan("models", "show", tmp_path / "none.onnx").status == 1
    shipped = lorryscan("models", "show", shipped_model("thermal-people"))
    assert shipped.status == 0
    assert ImageModel(shipped_model("thermal-people")).sha256 in shipped.out.replace("\n", "").replace(
        " ", ""
    )


def test_compare_on_simulated_lorries(tmp_path: Path, lorryscan: Run) -> None:
    out = tmp_path / "report"
    two = _whole(tmp_path), _whole(tmp_path, "half", 0.5)
    done = lorryscan("models", "compare", *two, "--no-ours", "--simulated", 2, "--workers", 1, "--out", out)
    assert done.status == 0, done.said
    assert "acme-people@" in done.out
    assert "too few for a threshold" in done.out
    assert len((out / "trials.csv").read_text().splitlines()) == 1 + 2 * 2 * 2
    assert "2 simulated lorries, seeds from 40000000" in (out / "report.md").read_text()


def test_compare_on_recordings_names_what_it_leaves_out(tmp_path: Path, lorryscan: Run) -> None:
    occupied, empty, *_ = lorries(FIRST_SEED + 1)
    data = tmp_path / "data"
    for lorry, name in ((occupied, "S-1"), (empty, "S-2"), (empty, "S-3")):
        _recorded(data, lorry, name)
    truth = _written(tmp_path / "truth.csv", "scan,occupied\nS-1,yes\nS-2,no\n")
    done = lorryscan(
        "models", "compare", _whole(tmp_path), "--no-ours", "--recordings", data, "--truth", truth
    )
    assert done.status == 1, "a scan was left out"
    assert "S-3: the truth does not name it" in done.out
    assert "6 MV" in done.out
    assert re.search(r"all +1 +(1\.000|\.000)", done.out)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ((), "give --simulated N or --recordings"),
        (("--simulated", "3", "--recordings", "data"), "one of both"),
        (("--recordings", "data"), "give --truth CSV"),
    ],
)
def test_compare_wants_scans(tmp_path: Path, lorryscan: Run, asked: tuple[str, ...], why: str) -> None:
    done = lorryscan("models", "compare", _whole(tmp_path), *asked)
    assert (done.status, why in done.said) == (2, True)


def test_compare_refuses_a_model_before_it_begins(tmp_path: Path, lorryscan: Run) -> None:
    done = lorryscan("models", "compare", shipped_model("thermal-people"), "--simulated", 1)
    assert (done.status, "not log_attenuation" in done.said) == (1, True)
    twice = lorryscan("models", "compare", shipped_model("xray-people"), "--simulated", 1)
    assert (twice.status, "named twice" in twice.said) == (2, True)


LANE = """
config_version = 1
[lane]
id = "north"
data_dir = "data"
{evidence}
[[device]]
name = "xray"
driver = "line-scan"
role = "portal"
[device.config]
url = "socket://127.0.0.1:5000"
[model]
xray = "{model}"
"""


def _lane(tmp_path: Path, model: Path, evidence: str = "") -> Path:
    return _written(tmp_path / "lane.toml", LANE.format(model=model.name, evidence=evidence))


def test_a_lane_with_another_model_is_told_what_will_be_unavailable(tmp_path: Path, lorryscan: Run) -> None:
    model = _whole(tmp_path)
    done = lorryscan("config", "check", _lane(tmp_path, model))
    assert done.status == 0
    assert ImageModel(model).id in done.out
    assert "note: xray was calibrated with xray-people@" in done.out
    assert "lorryscan calibrate evidence --xray-model FILE" in done.out


def test_a_lane_takes_the_fit_that_it_names(tmp_path: Path, lorryscan: Run) -> None:
    model = _whole(tmp_path)
    fit = {
        "modality": "xray",
        "condition": "all",
        "slope": 1.0,
        "intercept": 0.0,
        "llr_min": -4.0,
        "llr_max": 4.0,
        "n_occupied": 50,
        "n_empty": 50,
        "data_hash": "",
        "conditions": "by hand",
        "model_id": ImageModel(model).id,
    }
    made = {"scores": [fit], "weights": {"xray": 1.0}, "fitted_on": "by hand"}
    _written(tmp_path / "evidence.json", json.dumps(made))
    done = lorryscan("config", "check", _lane(tmp_path, model, 'evidence = "evidence.json"'))
    assert (done.status, "was calibrated with" in done.out) == (0, False)
    done = lorryscan("config", "check", _lane(tmp_path, model, 'evidence = "nowhere.json"'))
    assert (done.status, "lane.evidence" in done.said) == (2, True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (by_hand.mean_network(), "no lorryscan model card"),
        (by_hand.mean_network(metadata={CARD_KEY: cards.xray(output_shape=[1, 2])}), "not those of its card"),
        (by_hand.mean_network(metadata={CARD_KEY: cards.xray(mm_per_px=None)}), "mm_per_px: it is missing"),
    ],
)
def test_a_lane_refuses_a_model_that_does_not_fit(
    tmp_path: Path, lorryscan: Run, content: bytes, why: str
) -> None:
    lane = _lane(tmp_path, _written(tmp_path / "odd.onnx", content))
    for command in (("config", "check", lane), ("lane", "--config", lane)):
        done = lorryscan(*command)
        assert done.status == 2
        assert why in done.said
        assert "lane.toml" in done.said
