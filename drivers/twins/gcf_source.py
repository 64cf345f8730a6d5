"""Sources of GCF blocks for twins: recorded blocks, or blocks made of any source of counts."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from drivers.codecs import gcf_block
from drivers.codecs.gcf_block import GcfData, GcfHeader, GcfStatus
from drivers.twins.wave_stream import SampleSource

BlockSource: TypeAlias = Callable[[], bytes | None]
"""Gives the next block of 1024 bytes, or None when there is none left."""


class RecordedBlocks:
    """Gives blocks one by one, as they stand in a GCF file.

    Examples
    --------
    >>> source = RecordedBlocks([bytes(1024)])
    >>> len(source()), source()
    (1024, None)
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)

    def __call__(self) -> bytes | None:
        """Return the next block, or None when there is none left."""
        return next(self._blocks, None)


class SampledBlocks:
    """Makes blocks of a source of counts, one per stream and step of time.

    Parameters
    ----------
    next_samples : source of counts, int32 ``(n_streams, n_samples)``; fewer
        samples than asked end the blocks.
    streams : stream IDs in the source's order.
    fs_hz : sampling rate; the format must have it.
    block_s : length of a block, s; whole seconds, or what `gcf_block.START_PARTS` allows.
    epoch_ns : time of the first sample, ns since 1970, at a whole second; None = now.
    system_id : label of the digitiser.
    status : text that is sent as a status block before the first samples.
    """

    def __init__(
        self,
        next_samples: SampleSource,
        streams: Sequence[str],
        *,
        fs_hz: float = 500.0,
        block_s: float = 1.0,
        epoch_ns: int | None = None,
        system_id: str = "TWIN",
        status: str = "",
    ) -> None:
        self._next_samples = next_samples
        self._streams = tuple(streams)
        self._fs_hz = fs_hz
        self._block_samples = round(block_s * fs_hz)
        self._epoch_ns = time.time_ns() // 10**9 * 10**9 if epoch_ns is None else epoch_ns
        self._system_id = system_id
        self._samples = 0
        self._made: deque[bytes] = deque()
        if status:
            head = GcfHeader(system_id, self._streams[0][:4] + "00", self._epoch_ns, 0.0)
            self._made.append(gcf_block.encode(GcfStatus(head, status)))

    def __call__(self) -> bytes | None:
        """Return the next block, or None when the source has ended."""
        if not self._made:
            counts = self._next_samples(self._block_samples)
            start_ns = self._epoch_ns + round(self._samples * 1e9 / self._fs_hz)
            self._samples += counts.shape[1]
            if counts.shape[1]:
                for stream, row in zip(self._streams, counts, strict=True):
                    head = GcfHeader(self._system_id, stream, start_ns, self._fs_hz, gcf_block.EXTENDED)
                    self._made.append(gcf_block.encode(GcfData(head, row)))
        return self._made.popleft() if self._made else None


def end_ns(block: bytes) -> int:
    """Return the time after a block's last sample, ns since 1970: before it the block cannot be sent."""
    content = gcf_block.decode(block)
    if isinstance(content, GcfData):
        return content.header.start_ns + round(content.counts.size * 1e9 / content.header.fs_hz)
    return content.header.start_ns if isinstance(content, GcfStatus) else 0
