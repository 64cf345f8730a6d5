"""What the demonstration says of itself: in a frame above the live view, or as lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from scanner.demo.director import Played
from scanner.evidence import Reason
from scanner.wording import name, sentence

if TYPE_CHECKING:
    from service.demo.service_process import DemoService


class DemoScreen:
    """The demonstration's own words in one language.

    Parameters
    ----------
    console : where to.
    language : of the sentences.
    """

    def __init__(self, console: Console, language: str) -> None:
        self._console, self._language = console, language
        self._booth: list[Text] = []
        self._trouble: list[Text] = []

    def show_booth(self, service: DemoService) -> None:
        """Show where the booth is and how to log in."""
        head = Text(
            self._words(Reason("demo_booth", {"address": service.address})), style="bold", no_wrap=True
        )
        self._booth = [head]
        for user, password in service.logins.items():
            self._booth.append(
                Text("  " + self._words(Reason("demo_login", {"name": user, "password": password})))
            )
        notice = self.notice()
        if notice is not None:
            self._console.print(notice)

    def notice(self) -> RenderableType | None:
        """Return the frame, or None without a service."""
        if not self._booth:
            return None
        return Panel(Text("\n").join([*self._booth, *self._trouble]), border_style="green", title="lorryscan")

    def say(self, reason: Reason) -> None:
        """Tell what the play does, unless a live view has the screen."""
        if not self._console.is_terminal:
            self.line(reason, clock=True)

    def say_of_service(self, reason: Reason) -> None:
        """Tell what happened to the service."""
        self._trouble = [Text(self._words(reason), style="bold white on red")]
        self.say(reason)

    def line(self, reason: Reason, clock: bool = False) -> None:
        """Print one line."""
        words = f"{time.strftime('%H:%M:%S')} " if clock else ""
        words += self._words(reason)
        self._console.print(words, markup=False, highlight=False, soft_wrap=True)

    def end(self, played: Sequence[Played], folder: Path) -> None:
        """Print what was true and what was recommended, and where to look further."""
        if not played:
            self.line(Reason("demo_nothing_played"))
        else:
            self._console.print(self._table(played))
        self.line(Reason("demo_recordings", {"folder": str(folder)}))

    def _table(self, played: Sequence[Played]) -> Table:
        table = Table(title=self._words(Reason("demo_what_came")), title_justify="left")
        for column in ("lorry", "people", "recommendation", "posterior"):
            table.add_column(self._words(Reason(f"demo_column_{column}")))
        for one in played:
            last = one.assessment
            advice = name("recommendation", last.recommendation.value, self._language) if last else "–"
            posterior = f"{last.posterior:.3g}" if last else ""
            table.add_row(Text(one.plan.name), str(one.plan.spec.persons), advice, posterior)
        return table

    def _words(self, reason: Reason) -> str:
        return sentence(reason, self._language)
