"""How `pytest -n` deals the tests out: a file stays on one worker, and all browser tests do."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

ONE_AFTER_ANOTHER = "tests/e2e/"
"""Each test here runs a service, a lane with its sensors and a browser: two at once fill two cores."""


class BrowserTestsInTurn(LoadFileScheduling):
    """Files are dealt out as with ``--dist=loadfile``; those of a whole line count as one file."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return ONE_AFTER_ANOTHER if file.startswith(ONE_AFTER_ANOTHER) else file
