"""JSON Schemas and Protobuf descriptors by name, as a recording carries them."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2

from scanner.recording.proto import raw_image_pb2, waveform_block_pb2

_PROTOBUF_FILES = {
    "lorryscan.WaveformBlock": waveform_block_pb2.DESCRIPTOR,
    "foxglove.RawImage": raw_image_pb2.DESCRIPTOR,
}


@cache
def schema(name: str) -> tuple[str, bytes]:
    """Return the MCAP schema encoding and data of a schema by its name.

    Raises
    ------
    FileNotFoundError : there is no schema of that name.

    Examples
    --------
    >>> schema("lorryscan.Tick")[0], schema("foxglove.RawImage")[0]
    ('jsonschema', 'protobuf')
    """
    if name in _PROTOBUF_FILES:
        return "protobuf", descriptor_set(_PROTOBUF_FILES[name])
    return "jsonschema", resources.files(__name__).joinpath(f"{name}.json").read_bytes()


def descriptor_set(file: Any) -> bytes:
    """Return a serialised FileDescriptorSet: what a file imports first, itself last."""
    files = descriptor_pb2.FileDescriptorSet()
    seen: set[str] = set()

    def add(entry: Any) -> None:
        if entry.name in seen:
            return
        seen.add(entry.name)
        for dependency in entry.dependencies:
            add(dependency)
        entry.CopyToProto(files.file.add())

    add(file)
    return bytes(files.SerializeToString())
