"""The table of `lorryscan labels numbers`: how many lorries each claim needs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scanner.label_numbers import occupied_needed, searches_needed, trials_for_half_width
from scanner.validation.figures import clopper_pearson, upper_bound

_SHARE, _FALSE_ALARMS = 0.05, 0.01


def lines_of_numbers() -> Iterator[str]:
    """Give the lines, as Markdown."""
    yield "Occupied lorries that show a detection rate at 95 %, by how many of them may be missed:"
    yield ""
    yield "| detection at least | none | 1 | 2 | 5 |"
    yield "|---|---|---|---|---|"
    for detection in (0.90, 0.95, 0.98, 0.99, 0.995, 0.999):
        cells = " | ".join(_n(occupied_needed(detection, misses)) for misses in (0, 1, 2, 5))
        yield f"| {detection:g} | {cells} |"
    yield ""
    yield "Lorries that tell a share to within so much (exact 95 % interval):"
    yield ""
    yield "| share | to within | half of the interval | its farther end |"
    yield "|---|---|---|---|"
    for rate, width in ((0.01, 0.003), (0.01, 0.005), (0.001, 0.0005), (0.05, 0.01), (0.9, 0.05), (0.9, 0.1)):
        half, farther = trials_for_half_width(rate, width)
        yield f"| {rate:g} | {width:g} | {_n(half)} | {_n(farther)} |"
    low, high = clopper_pearson(50, 5000)
    yield ""
    yield f"50 alarms of 5 000 empty lorries: .01 [{low:.4f}, {high:.4f}]"
    yield ""
    yield "Searches by lot that found nobody, and the share of silent lorries that can hide somebody at 95 %:"
    yield ""
    yield "| searches | at most |"
    yield "|---|---|"
    for searches in (100, 300, 1_000, 3_000, 10_000, 30_000):
        yield f"| {_n(searches)} | {math.ceil(upper_bound(0, searches) * 1e5) / 1e5:.5f} |"
    yield ""
    yield (
        "Searches by lot that show a detection rate at 95 %, four times in five, "
        f"with {_FALSE_ALARMS * 100:g} % false alarms; lorries that pass until then "
        f"if {_SHARE * 100:g} % are chosen:"
    )
    yield ""
    yield "| occupied lorries | true detection | shown to be at least | searches | may find | lorries |"
    yield "|---|---|---|---|---|---|"
    for base_rate, words in ((0.01, "1 in 100"), (0.001, "1 in 1 000"), (0.0001, "1 in 10 000")):
        for detection, claim in ((0.95, 0.5), (0.95, 0.8), (0.95, 0.9)):
            needed = searches_needed(base_rate, detection, _FALSE_ALARMS, claim, _SHARE)
            yield (
                f"| {words} | {detection:g} | {claim:g} | {_n(needed.searches)} | {needed.found} "
                f"| {_n(needed.lorries)} |"
            )


def _n(number: int) -> str:
    return f"{number:,}".replace(",", " ")
