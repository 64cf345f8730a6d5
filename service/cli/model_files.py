"""Options that name image models and score calibrations other than the shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

XRAY_MODEL = Annotated[
    Path | None, typer.Option("--xray-model", metavar="FILE", help="ONNX file instead of the shipped model")
]
THERMAL_MODEL = Annotated[
    Path | None,
    typer.Option("--thermal-model", metavar="FILE", help="ONNX file instead of the shipped model"),
]
EVIDENCE = Annotated[
    Path | None,
    typer.Option("--evidence", metavar="FILE", help="score calibrations instead of the shipped ones"),
]


def model_files(xray: Path | None, thermal: Path | None) -> dict[str, Path]:
    """Return the files that were named, by method."""
    named = {"xray": xray, "thermal": thermal}
    return {name: path for name, path in named.items() if path is not None}
