"""The booth's pages, as the page itself lists them: where each is, whose it is, when it has come.

A page that is added to ``booth/pages.ts`` is in every proof that takes its pages from here. Only one that
waits for more than its heading, or that belongs to something else than a scan, needs a word in `SPECIAL`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from service.permissions import ALLOWED
from service.resources import Permission, Role
from tests.e2e.booth import Booth

LIST = Path(__file__).resolve().parents[2] / "service" / "ui" / "src" / "booth" / "pages.ts"
# accounts of `Line`, those with the least to do first
ACCOUNTS = {
    Role.OFFICER: "officer",
    Role.SUPERVISOR: "chief",
    Role.ENGINEER: "engineer",
    Role.AUDITOR: "auditor",
}
NOBODY = ""
COME_WITHIN_MS = 30_000  # a recording is read and drawn
HEADING = "main :is(h1, h2, h3)"
_ENTRY = re.compile(r"\{\s*id: '(?P<id>[\w-]+)',(?P<rest>[^{}]*)\}")
_NEEDS = re.compile(r"needs: \[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class BoothPage:
    """One page.

    Parameters
    ----------
    id : as in ``pages.ts``.
    address : what stands behind the ``#``; ``{scan}`` is the id of a scan that has ended.
    account : who of `Line` may open it; `NOBODY` = without a login.
    ready : selectors of what stands there when all of it has come.
    listed : whether it stands in the rail.
    """

    id: str
    address: str
    account: str = ACCOUNTS[Role.OFFICER]
    ready: tuple[str, ...] = field(default=(HEADING,))
    listed: bool = True

    def open(self, booth: Booth, scan: str) -> None:
        """Go there as somebody who has its address, and wait until it has come."""
        booth.page.goto(f"{booth.url}/{self.address.format(scan=scan)}")
        self.wait(booth)

    def wait(self, booth: Booth) -> None:
        """Wait until all of it has come."""
        if self.account != NOBODY:
            booth.wait_until_live()
        booth.page.get_by_text(booth.word("page_coming")).wait_for(state="detached")
        for selector in self.ready:
            booth.page.locator(selector).first.wait_for(timeout=COME_WITHIN_MS)


# what the list of the page cannot say
SPECIAL: dict[str, dict[str, object]] = {
    "lane": {"ready": ("[data-recommendation]", "[data-modality]", "main canvas")},
    "design": {"address": "#/design"},
    "scan": {"ready": ("#scan-title", "main [data-modality]", "main .transport")},
}
_FIRST = (
    BoothPage("login", "", NOBODY, ("main form button[type=submit]",), listed=False),
    BoothPage("lane", "#/"),
)


@cache
def booth_pages() -> tuple[BoothPage, ...]:
    """Return the login, the lane, and all pages of ``pages.ts`` in their order.

    Raises
    ------
    AssertionError : an entry is written so that it is not found here.
    """
    text = LIST.read_text(encoding="utf-8")
    text = text.partition("PAGES: readonly Page[] = [")[2].partition("\n];")[0]
    found = [_page(entry["id"], entry["rest"]) for entry in _ENTRY.finditer(text)]
    assert found, f"{LIST} has no list of pages that is understood"
    assert len(found) == len(re.findall(r"\bid: '", text)), f"{LIST} has entries that are not understood"
    return tuple(replace(page, **SPECIAL.get(page.id, {})) for page in (*_FIRST, *found))


def _page(page_id: str, rest: str) -> BoothPage:
    listed = "unlisted: true" not in rest
    needed = _NEEDS.search(rest)
    wanted = {Permission(word) for word in re.findall(r"'(\w+)'", needed[1])} if needed else set()
    who = next(a for role, a in ACCOUNTS.items() if not wanted or wanted & set(ALLOWED[role]))
    return BoothPage(page_id, f"#/{page_id}" if listed else f"#/{page_id}/{{scan}}", who, listed=listed)
