"""The documentation: its example works, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from drivers.conformance import LAWS
from drivers.registry import installed
from scanner.lane.commands import USAGE
from scanner.lane.config import LaneFile, load_lane_config
from service.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_lane_example_is_sound(tmp_path: Path):
    page = (ROOT / "docs" / "lane.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "lane.toml"
    file.write_text(example, encoding="utf-8")
    config = load_lane_config(file)
    assert len(config.devices) == 6
    assert config.data_dir == tmp_path / "data"


def test_every_lane_command_is_documented():
    page = (ROOT / "docs" / "lane.md").read_text(encoding="utf-8")
    assert not [word for word in USAGE if f"`{word}" not in page]


def test_every_top_level_key_of_the_configuration_is_documented():
    page = (ROOT / "docs" / "lane.md").read_text(encoding="utf-8")
    assert not [key for key in LaneFile.model_fields if key not in page]


def test_every_driver_stands_among_the_devices_of_a_lane():
    page = (ROOT / "docs" / "lane.md").read_text(encoding="utf-8")
    ours = [name for name, driver in installed().items() if driver.distributions == ("lorryscan",)]
    assert len(ours) > 20
    assert not [name for name in ours if f"`{name}`" not in page]


def test_every_law_of_the_kit_is_explained_to_vendors():
    page = (ROOT / "docs" / "writing-a-driver.md").read_text(encoding="utf-8")
    assert not [one.name for one in LAWS.values() if f"| `{one.name}` | {one.title} |" not in page]


def test_every_command_is_documented():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    root: Any = typer.main.get_command(app)
    names = []
    for name in root.list_commands(None):
        inner = getattr(root.get_command(None, name), "commands", None)
        names += [f"{name} {sub}" for sub in inner] if inner else [name]
    assert names
    assert not [name for name in names if f"lorryscan {name}" not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [t for t in targets if "://" not in t]
    assert not [t for t in local if not (page.parent / t).exists()]


def test_every_decision_record_is_listed():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert not [p.name for p in folder.glob("0*.md") if p.name not in index]


def test_every_test_that_the_rules_name_exists():
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[^`]+)`", page)
    assert len(named) > 8
    assert not [name for name in named if not (ROOT / name).exists()]
