from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WaveformChannel(_message.Message):
    __slots__ = ("name", "role", "sensitivity_v_per_m_s", "natural_frequency_hz", "damping", "counts_per_volt")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_V_PER_M_S_FIELD_NUMBER: _ClassVar[int]
    NATURAL_FREQUENCY_HZ_FIELD_NUMBER: _ClassVar[int]
    DAMPING_FIELD_NUMBER: _ClassVar[int]
    COUNTS_PER_VOLT_FIELD_NUMBER: _ClassVar[int]
    name: str
    role: str
    sensitivity_v_per_m_s: float
    natural_frequency_hz: float
    damping: float
    counts_per_volt: float
    def __init__(self, name: _Optional[str] = ..., role: _Optional[str] = ..., sensitivity_v_per_m_s: _Optional[float] = ..., natural_frequency_hz: _Optional[float] = ..., damping: _Optional[float] = ..., counts_per_volt: _Optional[float] = ...) -> None: ...

class WaveformBlock(_message.Message):
    __slots__ = ("sensor", "role", "mono_ns", "sequence", "fs_hz", "channels", "n_channels", "n_samples", "counts", "device_ns", "clock_lock", "device_sequence", "clipped", "samples_lost", "flags")
    SENSOR_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    MONO_NS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FS_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    N_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    N_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_NS_FIELD_NUMBER: _ClassVar[int]
    CLOCK_LOCK_FIELD_NUMBER: _ClassVar[int]
    DEVICE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CLIPPED_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_LOST_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    sensor: str
    role: str
    mono_ns: int
    sequence: int
    fs_hz: float
    channels: _containers.RepeatedCompositeFieldContainer[WaveformChannel]
    n_channels: int
    n_samples: int
    counts: bytes
    device_ns: int
    clock_lock: str
    device_sequence: int
    clipped: int
    samples_lost: int
    flags: int
    def __init__(self, sensor: _Optional[str] = ..., role: _Optional[str] = ..., mono_ns: _Optional[int] = ..., sequence: _Optional[int] = ..., fs_hz: _Optional[float] = ..., channels: _Optional[_Iterable[_Union[WaveformChannel, _Mapping]]] = ..., n_channels: _Optional[int] = ..., n_samples: _Optional[int] = ..., counts: _Optional[bytes] = ..., device_ns: _Optional[int] = ..., clock_lock: _Optional[str] = ..., device_sequence: _Optional[int] = ..., clipped: _Optional[int] = ..., samples_lost: _Optional[int] = ..., flags: _Optional[int] = ...) -> None: ...
