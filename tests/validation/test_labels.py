"""Labels: what a line means, and that each wrong word is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.api import ConfigError
from scanner.validation.labels import read_labels


def labels(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8-sig")  # as spreadsheets save it
    return path


def test_a_line_is_persons_cargo_weight_and_conditions(tmp_path: Path) -> None:
    read = read_labels(
        labels(
            tmp_path,
            "scan,persons,cargo,planted,search_chance,site,wind\n"
            "01A,3,produce,no,0.05,port,\n"
            "\n"
            "01B,0,,yes,,yard,strong\n",
        )
    )
    assert list(read) == ["01A", "01B"]
    searched, planted = read["01A"], read["01B"]
    assert (searched.persons, searched.cargo, searched.occupied) == (3, "produce", True)
    assert searched.weight == pytest.approx(20.0)
    assert searched.conditions == {"site": "port", "planted": "no"}
    assert (planted.persons, planted.cargo, planted.weight) == (0, "", 1.0)
    assert planted.conditions == {"site": "yard", "wind": "strong", "planted": "yes"}


def test_a_chance_that_is_not_known_weighs_nothing(tmp_path: Path) -> None:
    """As an export of searches writes it: alarm, lot, an officer's own choice, and a planted lorry."""
    text = (
        "scan,persons,cargo,planted,search_chance,searched_for\n"
        "01A,1,,,1,alarm\n01B,0,,,0.02,lot\n01C,0,,,,own choice\n01D,1,boxed,yes,1,\n"
    )
    read = read_labels(labels(tmp_path, text))
    assert [truth.weight for truth in read.values()] == pytest.approx([1.0, 50.0, 0.0, 1.0])
    assert read["01B"].conditions == {"searched_for": "lot", "planted": "no"}
    without = read_labels(labels(tmp_path, "scan,persons\n01A,1\n"))
    assert without["01A"].weight == 1.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scan,people\n01A,1\n", "scan,persons"),
        ("", "scan,persons"),
        ("scan,persons\n", "no line below"),
        ("scan,persons\n01A,1\n01B,two\n", 'line 3: persons is "two"'),
        ("scan,persons\n01A,-1\n", 'line 2: persons is "-1"'),
        ("scan,persons\n01A,1.5\n", 'line 2: persons is "1.5"'),
        ("scan,persons,cargo\n01A,1,bananas\n", 'line 2: cargo is "bananas"'),
        ("scan,persons,planted\n01A,1,perhaps\n", 'line 2: planted is "perhaps"'),
        ("scan,persons,search_chance\n01A,1,0\n", 'line 2: search_chance is "0"'),
        ("scan,persons,search_chance\n01A,1,1.2\n", 'line 2: search_chance is "1.2"'),
        ("scan,persons,search_chance\n01A,1,nan\n", 'line 2: search_chance is "nan"'),
        ("scan,persons,search_chance\n01A,1,often\n", 'line 2: search_chance is "often"'),
        ("scan,persons,planted,search_chance\n01A,1,yes,0.5\n", "line 2: a planted lorry has no chance"),
        ("scan,persons\n01A,1\n\n01A,1\n", "line 4: 01A stands in line 2"),
        ("scan,persons\n01A\n", "line 2: 1 cells"),
        ("scan,persons\n,1\n", "line 2: no scan id"),
        ("scan,persons,site,site\n01A,1,a,b\n", '"site" needs a name of its own'),
        ("scan,persons,lane\n01A,1,a\n", '"lane" is told by the recording'),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_labels(labels(tmp_path, text))
    assert told in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_labels(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"scan,persons\n\xff\xfe,1\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_labels(tmp_path / "bytes.csv")
