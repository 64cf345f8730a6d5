"""The example vendor's package, used from its sources."""

from __future__ import annotations

import sys
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "vendor_example"
if str(VENDOR) not in sys.path:
    sys.path.insert(0, str(VENDOR))
