import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RawImage(_message.Message):
    __slots__ = ("timestamp", "width", "height", "encoding", "step", "data", "frame_id", "sensor", "role", "mono_ns", "sequence", "device_ns", "clock_lock", "flags", "pixel_type", "pixel_bias", "frame", "lines")
    class Frame(_message.Message):
        __slots__ = ("unit", "scale", "offset", "ambient_c")
        UNIT_FIELD_NUMBER: _ClassVar[int]
        SCALE_FIELD_NUMBER: _ClassVar[int]
        OFFSET_FIELD_NUMBER: _ClassVar[int]
        AMBIENT_C_FIELD_NUMBER: _ClassVar[int]
        unit: str
        scale: float
        offset: float
        ambient_c: float
        def __init__(self, unit: _Optional[str] = ..., scale: _Optional[float] = ..., offset: _Optional[float] = ..., ambient_c: _Optional[float] = ...) -> None: ...
    class Lines(_message.Message):
        __slots__ = ("scan", "line_numbers", "encoder", "dose", "line_flags", "kind", "energy", "bits", "pixel_pitch_um", "line_pitch_um", "calibration_hash")
        SCAN_FIELD_NUMBER: _ClassVar[int]
        LINE_NUMBERS_FIELD_NUMBER: _ClassVar[int]
        ENCODER_FIELD_NUMBER: _ClassVar[int]
        DOSE_FIELD_NUMBER: _ClassVar[int]
        LINE_FLAGS_FIELD_NUMBER: _ClassVar[int]
        KIND_FIELD_NUMBER: _ClassVar[int]
        ENERGY_FIELD_NUMBER: _ClassVar[int]
        BITS_FIELD_NUMBER: _ClassVar[int]
        PIXEL_PITCH_UM_FIELD_NUMBER: _ClassVar[int]
        LINE_PITCH_UM_FIELD_NUMBER: _ClassVar[int]
        CALIBRATION_HASH_FIELD_NUMBER: _ClassVar[int]
        scan: int
        line_numbers: _containers.RepeatedScalarFieldContainer[int]
        encoder: _containers.RepeatedScalarFieldContainer[int]
        dose: _containers.RepeatedScalarFieldContainer[int]
        line_flags: _containers.RepeatedScalarFieldContainer[int]
        kind: str
        energy: int
        bits: int
        pixel_pitch_um: int
        line_pitch_um: int
        calibration_hash: str
        def __init__(self, scan: _Optional[int] = ..., line_numbers: _Optional[_Iterable[int]] = ..., encoder: _Optional[_Iterable[int]] = ..., dose: _Optional[_Iterable[int]] = ..., line_flags: _Optional[_Iterable[int]] = ..., kind: _Optional[str] = ..., energy: _Optional[int] = ..., bits: _Optional[int] = ..., pixel_pitch_um: _Optional[int] = ..., line_pitch_um: _Optional[int] = ..., calibration_hash: _Optional[str] = ...) -> None: ...
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    FRAME_ID_FIELD_NUMBER: _ClassVar[int]
    SENSOR_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    MONO_NS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_NS_FIELD_NUMBER: _ClassVar[int]
    CLOCK_LOCK_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    PIXEL_TYPE_FIELD_NUMBER: _ClassVar[int]
    PIXEL_BIAS_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    timestamp: _timestamp_pb2.Timestamp
    width: int
    height: int
    encoding: str
    step: int
    data: bytes
    frame_id: str
    sensor: str
    role: str
    mono_ns: int
    sequence: int
    device_ns: int
    clock_lock: str
    flags: int
    pixel_type: str
    pixel_bias: int
    frame: RawImage.Frame
    lines: RawImage.Lines
    def __init__(self, timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., encoding: _Optional[str] = ..., step: _Optional[int] = ..., data: _Optional[bytes] = ..., frame_id: _Optional[str] = ..., sensor: _Optional[str] = ..., role: _Optional[str] = ..., mono_ns: _Optional[int] = ..., sequence: _Optional[int] = ..., device_ns: _Optional[int] = ..., clock_lock: _Optional[str] = ..., flags: _Optional[int] = ..., pixel_type: _Optional[str] = ..., pixel_bias: _Optional[int] = ..., frame: _Optional[_Union[RawImage.Frame, _Mapping]] = ..., lines: _Optional[_Union[RawImage.Lines, _Mapping]] = ...) -> None: ...
