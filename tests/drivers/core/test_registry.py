"""Drivers found by entry points of real installed metadata, and configuration that is refused with a mend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drivers.api import ConfigError, DriverMissing
from drivers.declarations import is_supported
from drivers.devices.vaisala_gmp252 import Gmp252Config, VaisalaGmp252
from drivers.registry import installed, load, make_config


def install(site: Path, distribution: str, entry: str) -> None:
    """Lay down the metadata that pip would for a distribution with one driver."""
    folder = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[lorryscan.drivers]\n{entry}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_our_own_drivers_come_by_the_same_door() -> None:
    assert load("vaisala-gmp252") is VaisalaGmp252
    assert installed()["senseair-s8"].distributions == ("lorryscan",)


def test_listing_imports_no_driver() -> None:
    code = (
        "import sys; from drivers.registry import installed; assert installed(); "
        "print([m for m in sys.modules if m.startswith('drivers.devices.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_vendors_driver_is_found_and_loaded(site: Path) -> None:
    install(site, "acme-sensors", "acme-nose = acme_nose:Nose")
    (site / "acme_nose.py").write_text(
        "from drivers.devices.vaisala_gmp252 import VaisalaGmp252\nclass Nose(VaisalaGmp252): pass\n"
    )
    assert installed()["acme-nose"].distributions == ("acme-sensors",)
    assert load("acme-nose").__name__ == "Nose"


def test_a_missing_name_lists_near_ones() -> None:
    with pytest.raises(DriverMissing, match=r'"vaisala-gmp525": did you mean vaisala-gmp252'):
        load("vaisala-gmp525")


def test_a_module_that_does_not_import_names_its_maker(site: Path) -> None:
    install(site, "acme-broken", "acme-broken = acme_broken_module:Nose")
    (site / "acme_broken_module.py").write_text("import no_such_sdk\n")
    with pytest.raises(DriverMissing, match=r"acme-broken.*no_such_sdk.*install acme-broken again"):
        load("acme-broken")


def test_what_is_no_device_is_refused(site: Path) -> None:
    install(site, "acme-odd", "acme-odd = json:JSONDecoder")
    with pytest.raises(DriverMissing, match=r"no drivers\.api\.Device"):
        load("acme-odd")


DECLARED = """
from dataclasses import dataclass
from typing import ClassVar
from drivers.api import Capabilities, Device, Identity, Quantity

@dataclass(frozen=True)
class NoseConfig:
    url: str

class Nose(Device[NoseConfig]):
    Config: ClassVar[type] = NoseConfig
    capabilities: ClassVar[Capabilities] = Capabilities(reads=("sample",), quantities=(Quantity.CO2_PPM,))
    def open(self): pass
    def identify(self): return Identity("Acme", "Nose")
    def read(self): return ()
    def close(self): pass

"""


def load_nose(site: Path, monkeypatch: pytest.MonkeyPatch, change: str = "") -> type:
    """Load a sound driver after one change to it."""
    install(site, "acme-sensors", "acme-nose = acme_declared:Nose")
    (site / "acme_declared.py").write_text(DECLARED + change)
    monkeypatch.delitem(sys.modules, "acme_declared", raising=False)
    return load("acme-nose")


def test_sound_declarations_are_taken(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_nose(site, monkeypatch).__name__ == "Nose"


def declares(arguments: str) -> str:
    return f"Nose.capabilities = Capabilities({arguments})"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("del Nose.capabilities", "capabilities is None, a drivers.api.Capabilities is wanted"),
        ("Nose.capabilities = {}", "capabilities is {}, a drivers.api.Capabilities"),
        (declares("()"), r"capabilities.reads is \(\), a tuple of names"),
        (declares("'sample'"), "capabilities.reads is 'sample', a tuple"),
        (declares("('image',)"), 'reads names "image", one of sample, wave'),
        (declares("('device_state',)"), 'reads names "device_state"'),
        (declares("('sample', 3)"), "reads names 3, one of"),
        (declares("('frame',), (Quantity.CO2_PPM,)"), 'those of samples: name "sample" in reads'),
        (declares("('sample',), ('co2',)"), "quantities is .*a tuple of Quantity is wanted"),
        (declares("('sample',), period_s=-1"), "period_s is -1, a finite"),
        (declares("('sample',), period_s=float('nan')"), "period_s is nan"),
        (declares("('sample',), warm_up_s=float('inf')"), "warm_up_s is inf"),
        (declares("('sample',), response_t90_s='1 min'"), "response_t90_s is '1 min'"),
        (declares("('sample',), frozen_after_s=None"), "frozen_after_s is None"),
        (declares("('sample',), valid_range=(9.0, 1.0)"), r"valid_range is \(9.0, 1.0\), the lowest and"),
        (declares("('sample',), valid_range=(0.0, float('inf'))"), "valid_range is"),
        (declares("('sample',), valid_range=5"), "valid_range is 5, the lowest and"),
        ("del Nose.Config", "Config is None, a frozen dataclass is wanted"),
        ("Nose.Config = dict", "Config is dict, a frozen dataclass is wanted"),
        (
            "@dataclass\nclass Loose:\n    url: str\nNose.Config = Loose",
            r"Config \(Loose\) can be changed: write @dataclass\(frozen=True\)",
        ),
        (
            "class Mute(Device):\n    def open(self): pass\nNose = Mute",
            "close, identify, read is not written",
        ),
    ],
)
def test_declarations_that_cannot_be_are_refused_with_a_mend_for_the_maker(
    site: Path, monkeypatch: pytest.MonkeyPatch, change: str, complaint: str
) -> None:
    with pytest.raises(DriverMissing, match=rf'"acme-nose" of acme-sensors .*maker must mend .*{complaint}'):
        load_nose(site, monkeypatch, change)


@pytest.mark.parametrize(
    ("asked", "ours", "supported"),
    [
        ("0.1", "0.1", True),
        ("0.1", "0.2", True),
        ("0.2", "0.2.5", True),
        ("0.3", "0.2", False),
        ("0.10", "0.9", False),
        ("0.9", "0.10", True),
        ("1.0", "0.9", False),
        ("1.0", "1.3", True),
        ("1.4", "1.3", False),
        ("0.9", "1.0", False),
        ("2.0", "1.9", False),
    ],
)
def test_which_drivers_run_under_which_api(asked: str, ours: str, supported: bool) -> None:
    assert is_supported(asked, ours) is supported


@pytest.mark.parametrize("asked", ['""', "API_VERSION"])
def test_a_driver_of_this_api_or_of_any_is_taken(
    site: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    change = f"from drivers.api import API_VERSION\nNose.api_version = {asked}"
    assert load_nose(site, monkeypatch, change).__name__ == "Nose"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ('"0.99"', "written for drivers.api 0.99 and this is 0.*: install a newer lorryscan"),
        ('"7.0"', "written for drivers.api 7.0 .*: install a newer lorryscan"),
        ('"latest"', "its api_version is 'latest', the version it was written for is wanted"),
        ("0.2", "its api_version is 0.2, the version"),
    ],
)
def test_a_driver_of_another_api_is_refused_before_its_declarations(
    site: Path, monkeypatch: pytest.MonkeyPatch, asked: str, says: str
) -> None:
    with pytest.raises(DriverMissing, match=says):
        load_nose(site, monkeypatch, f"Nose.api_version = {asked}\nNose.capabilities = None")


def test_two_packages_with_one_name_are_an_error_naming_both(site: Path) -> None:
    install(site, "evil-twin", "vaisala-gmp252 = json:JSONDecoder")
    assert installed()["vaisala-gmp252"].distributions == ("evil-twin", "lorryscan")
    with pytest.raises(ConfigError, match="evil-twin and lorryscan: uninstall"):
        load("vaisala-gmp252")
    assert load("senseair-s8").__name__ == "SenseairS8"  # the others still work


def test_config_with_defaults() -> None:
    config = make_config(VaisalaGmp252, {"url": "/dev/ttyUSB0", "warm_up_s": 0})
    assert config == Gmp252Config("/dev/ttyUSB0", warm_up_s=0.0)


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        ({"url": "x", "adress": 1}, r'unknown key "adress": did you mean address\?'),
        ({"url": "x", "colour": 1}, r'unknown key "colour": known keys are url, address'),
        ({}, 'the key "url" is missing: add it'),
        ({"url": "x", "address": 300}, r'"address" cannot be 300: .*less than or equal to 247'),
        ({"url": "x", "parity": "X"}, r'"parity" cannot be \'X\''),
        ({"url": "x", "poll_s": "soon"}, r'"poll_s" cannot be \'soon\''),
    ],
)
def test_config_errors_name_key_and_mend(mapping: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        make_config(VaisalaGmp252, mapping)
