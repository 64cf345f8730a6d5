"""Protobuf messages of a recording; ``*_pb2.py`` are generated (see docs/recording-format.md)."""
