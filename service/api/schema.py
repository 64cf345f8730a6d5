"""``python -m service.api.schema`` prints the OpenAPI document without starting anything."""

from __future__ import annotations

import json
import sys

from service.api.app import bare_app


def main() -> None:
    """Print it."""
    json.dump(bare_app().openapi(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
