"""The example vendor's package and the evil plugins, used from their sources."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("vendor_example", "evil_plugins"):
    path = str(Path(__file__).resolve().parents[2] / folder)
    if path not in sys.path:
        sys.path.insert(0, path)
