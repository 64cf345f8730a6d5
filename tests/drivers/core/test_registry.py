"""Drivers found by entry points of real installed metadata, and configuration that is refused with a mend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drivers.api import ConfigError, DriverMissing
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
