"""``drivers list``: from metadata alone, or with what each driver says of itself."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint

import pytest

NOSE = """
from dataclasses import dataclass
from typing import Annotated, ClassVar
from pydantic import Field
from drivers.api import Capabilities, Device, Identity, Quantity

@dataclass(frozen=True, slots=True)
class NoseConfig:
    url: str
    gain: Annotated[float, Field(gt=0, le=4)] = 1.5

class Nose(Device[NoseConfig]):
    Config = NoseConfig
    capabilities = Capabilities(reads=("sample",), quantities=(Quantity.OXYGEN_PCT,), valid_range=(0.0, 25.0))
    def open(self): pass
    def identify(self): return Identity("Acme", "Nose")
    def read(self): return ()
    def close(self): pass
"""


def test_it_imports_nothing(lorryscan, vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor("acme-sensors", "acme-nose = acme_nose_one:Nose", NOSE)

    def imported(entry: EntryPoint) -> None:
        pytest.fail(f"{entry.name} was imported")

    monkeypatch.setattr(EntryPoint, "load", imported)
    done = lorryscan("drivers", "list")
    assert done.status == 0
    lines = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()}
    assert lines["acme-nose"] == ["acme-sensors", "2.5"]
    assert lines["senseair-s8"][0] == "lorryscan"


def test_details_show_what_a_driver_promises_and_takes(lorryscan, vendor) -> None:
    vendor("acme-sensors", "acme-nose = acme_nose_told:Nose", f'"""Acme\'s nose for oxygen."""{NOSE}')
    done = lorryscan("drivers", "list", "acme-nose", "--details")
    assert done.status == 0
    assert "Acme's nose for oxygen." in done.out
    assert "reads sample (oxygen_pct); at least every 1 s; 0 to 25 %" in done.out
    rows = [line.split() for line in done.out.splitlines()]
    assert ["url", "str", "required"] in rows
    assert ["gain", "float", "0..4", "=", "1.5"] in rows


def test_what_does_not_import_is_shown_and_stops_nothing(lorryscan, vendor) -> None:
    vendor("acme-sensors", "acme-nose = acme_nose_two:Nose", NOSE)
    vendor("acme-broken", "acme-a-broken = acme_broken:Nose", "import no_such_sdk\n")
    vendor("acme-quitter", "acme-b-quits = acme_quitter:Nose", "raise SystemExit(3)\n")
    done = lorryscan("drivers", "list", "acme-a-broken", "acme-b-quits", "acme-nose", "--details", "--json")
    assert done.status == 0
    broken, quits, nose = json.loads(done.out)
    assert "no_such_sdk" in broken["fault"]
    assert "SystemExit" in quits["fault"]
    assert (nose["fault"], nose["details"]["capabilities"]["quantities"]) == ("", ["oxygen_pct"])


def test_a_name_of_two_makers_is_a_fault(lorryscan, vendor) -> None:
    vendor("acme-sensors", "acme-nose = acme_nose_three:Nose", NOSE)
    vendor("other-sensors", "acme-nose = acme_nose_three:Nose", "")
    done = lorryscan("drivers", "list", "acme-nose", "--json")
    (row,) = json.loads(done.out)
    assert row["packages"] == ["acme-sensors", "other-sensors"]
    assert "uninstall all but one" in row["fault"]


def test_an_unknown_name_lists_near_ones(lorryscan) -> None:
    done = lorryscan("drivers", "list", "senseair-s9")
    assert done.status == 1
    assert "senseair-s8" in done.said
