"""A reading as a few words for whoever looks at the device."""

from __future__ import annotations

from drivers.api import (
    Frame,
    GeneratorState,
    Item,
    LineBlock,
    LineScanEnd,
    Quality,
    Quantity,
    Sample,
    WaveformBlock,
)
from scanner.evidence import Reason


def reading_words(item: Item) -> Reason | None:
    """Return what a reading says, None for what is nothing to look at.

    Examples
    --------
    >>> from scanner.wording import sentence
    >>> sentence(reading_words(Sample(Quantity.CO2_PPM, 431.2)))
    '431 ppm'
    """
    match item:
        case Sample():
            return _sample(item)
        case WaveformBlock():
            counts = item.counts
            # each end on its own: int32 cannot hold the absolute value of its lowest
            peak = max(int(counts.max()), -int(counts.min())) if counts.size else 0
            values: dict[str, float | str] = {"fs_hz": item.fs_hz, "peak": peak}
            if len(item.channels) == 1:
                return Reason("reading_channel", values)
            return Reason("reading_channels", {"channels": len(item.channels), **values})
        case Frame():
            if not item.pixels.size:
                return None
            # the ends alone: a frame may come often, and its pixels are many
            ends = sorted(
                float(end) * item.scale + item.offset for end in (item.pixels.min(), item.pixels.max())
            )
            return Reason("reading_range", {"low": ends[0], "high": ends[1], "unit": item.unit})
        case LineBlock():
            if not item.line_numbers.size:
                return None
            return Reason("reading_line", {"line": int(item.line_numbers[-1]), "line_kind": item.kind.value})
        case GeneratorState():
            return Reason("reading_generator", {"generator": item.state, "kv": item.kv, "ma": item.ma})
        case LineScanEnd():
            return Reason("reading_passage", {"lines": item.lines_received})
    return None


def _sample(item: Sample) -> Reason:
    values: dict[str, float | str] = {"value": item.value, "unit": item.quantity.unit}
    whole = item.quantity is Quantity.CO2_PPM
    if item.quality is Quality.GOOD:
        return Reason("reading_whole" if whole else "reading_tenths", values)
    values["quality"] = item.quality.value
    return Reason("reading_whole_flagged" if whole else "reading_tenths_flagged", values)
