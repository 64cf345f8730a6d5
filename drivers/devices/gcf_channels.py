"""From GCF blocks to waveforms: which streams are used, for what, and what the clock follows.

Shared by the drivers that get blocks over a serial line and over a network.
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import ClockLock, ConfigError, Identity, ProtocolError, Role, WaveformBlock
from drivers.codecs import gcf_block
from drivers.codecs.gcf_block import GcfData, GcfHeader, GcfStatus
from drivers.codecs.gcf_status import clock_follows_gps
from drivers.devices.channel_track import Piece
from drivers.devices.joined_channels import ChannelJoiner, Habits
from drivers.devices.seismic_channels import check_sensitivities, seismic_channels

LONGEST_BLOCK_SAMPLES = 4 * gcf_block.MAX_RECORDS
GRACE_S = 2.0  # for a block's way here, on top of the time that it covers
SET_BACK_S = 60.0  # a block older than this is no late one: the clock was set back
MOST_NAMED = 20  # streams of others that are remembered to be named in a message


def check_channels(
    channels: Mapping[str, Role], counts_per_m_s: Mapping[str, float], full_scale_counts: int
) -> None:
    """Refuse channels that no digitiser can send.

    Raises
    ------
    ConfigError : no channel; a stream ID in small letters, too long or of a
        status stream; a sensitivity of a channel that is not used.
    """
    if not channels:
        raise ConfigError('channels is empty: name at least one stream, for example 6018N2 = "chassis"')
    for name in channels:
        if name != name.upper() or not name.isalnum() or not name.isascii() or not 1 <= len(name) <= 6:
            raise ConfigError(f'"{name}" is no stream ID: write it as the digitiser does, for example 6018N2')
        if name.endswith("00"):
            raise ConfigError(f'"{name}" is a status stream: name streams of samples')
    check_sensitivities(channels, counts_per_m_s)
    if full_scale_counts <= 0:
        raise ConfigError("full_scale_counts must be above 0: 8388607 for 24 bits")


class GcfChannels:
    """Takes blocks of all streams, gives waveform blocks of the configured ones.

    Parameters
    ----------
    channels : role by stream ID.
    counts_per_m_s : counts per m/s of a channel, where they are known.
    full_scale_counts : a sample this large, either sign, is clipped.
    recover_s : how long a block that is missing may take to come again, s.

    Attributes
    ----------
    ignored : blocks of streams that are not configured.
    clock_lock : what the newest status text said.
    """

    def __init__(
        self,
        channels: Mapping[str, Role],
        counts_per_m_s: Mapping[str, float],
        full_scale_counts: int,
        recover_s: float,
    ) -> None:
        self.ignored = 0
        self.clock_lock = ClockLock.NONE
        self._channels = channels
        habits = Habits(GRACE_S, LONGEST_BLOCK_SAMPLES, recover_s, SET_BACK_S)
        self._joiner = ChannelJoiner(seismic_channels(channels, counts_per_m_s), full_scale_counts, habits)
        self._rates: dict[str, float] = {}
        self._heard: dict[str, float] = {}
        self._since = 0.0
        self._strangers: dict[str, None] = {}
        self._header: GcfHeader | None = None

    @property
    def late(self) -> int:
        """Blocks dropped because they were doubled or came after their time."""
        return self._joiner.late

    @property
    def heard(self) -> bool:
        """Whether a configured stream has sent since `begin`."""
        return bool(self._heard)

    def begin(self, now: float) -> None:
        """Count silence from here; samples that wait stay, and times tell what is missing."""
        self._heard.clear()
        self._strangers.clear()
        self._since = now
        self._joiner.restart(now)

    def identity(self) -> Identity:
        """Return who sends, as far as the blocks say it."""
        head = self._header
        if head is None:
            return Identity("Güralp", "GCF")
        model = gcf_block.DIGITISERS.get((head.form, head.digitiser), "GCF")
        return Identity("Güralp", model, head.system_id)

    def take(self, content: GcfData | GcfStatus, now: float) -> None:
        """Take one block; ``now`` is monotonic, s."""
        stream = content.header.stream_id
        if isinstance(content, GcfStatus):
            follows = clock_follows_gps(content.text)
            if follows is not None:
                self.clock_lock = ClockLock.GPS if follows else ClockLock.NONE
            return
        if stream not in self._channels:
            self.ignored += 1
            if len(self._strangers) < MOST_NAMED:
                self._strangers[stream] = None
            return
        self._header = content.header
        self._heard[stream] = now
        self._rates[stream] = content.header.fs_hz
        piece = Piece(content.header.start_ns, content.header.fs_hz, content.counts, self.clock_lock)
        self._joiner.take(stream, piece, now)

    def ready(self, now: float) -> list[WaveformBlock]:
        """Return the blocks that have become complete or cannot become so any more."""
        return self._joiner.joined(now)

    def silent_for(self, now: float) -> float:
        """Return how long no configured stream has sent, s."""
        return now - max(self._heard.values(), default=self._since)

    def silence_limit_s(self, at_most: float) -> float:
        """Return how long all streams may be silent at the rates that they were heard at, s."""
        longest = max((_longest_silence_s(fs_hz) for fs_hz in self._rates.values()), default=at_most)
        return min(at_most, longest)

    def complaint(self, now: float, at_most: float) -> str:
        """Which configured streams are silent while others come, and what to do; else empty."""
        silent = [
            name
            for name in self._channels
            if now - self._heard.get(name, self._since)
            > min(at_most, _longest_silence_s(self._rates[name]) if name in self._rates else at_most)
        ]
        if not silent or len(silent) == len(self._channels):
            return ""
        return f"sends no blocks of {', '.join(silent)}: check the digitiser's output taps and sensors"

    def no_such_stream(self, url: str) -> ProtocolError | None:
        """Return the error of a digitiser that sends other streams only; None when it sends none."""
        if not self._strangers:
            return None
        return ProtocolError(
            f"{url} receives {', '.join(sorted(self._strangers))} but not {', '.join(self._channels)}: "
            "correct channels in the configuration"
        )


def _longest_silence_s(fs_hz: float) -> float:
    return 1.5 * LONGEST_BLOCK_SAMPLES / fs_hz + 1.0
