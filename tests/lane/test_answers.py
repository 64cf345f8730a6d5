"""What a command did stands in the lane's snapshot as soon as the command is answered."""

from __future__ import annotations

import queue
from concurrent.futures import Future
from pathlib import Path
from typing import Self

from scanner.lane.agent import LaneAgent
from scanner.lane.commands import CommandRefused, End, Quit, Start
from scanner.lane.config import LaneConfig
from scanner.methods import load_kit
from scanner.policy import make_policy
from scanner.simulation.layout import SENSORS
from scanner.simulation.stream import demo_stream


class NoDevices:
    """Stands where the devices are: nothing ever comes."""

    @property
    def items(self) -> Self:
        """The queue of what they say."""
        return self

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Nothing to close."""

    def get(self, timeout: float) -> None:
        """Give nothing."""
        raise queue.Empty


def test_an_answer_comes_after_the_snapshot_that_shows_it(tmp_path: Path) -> None:
    config = LaneConfig("virtual", tmp_path / "data", (), dict(SENSORS), make_policy({}), {})
    agent = LaneAgent(config, load_kit(calibrated=False), group=NoDevices())  # type: ignore[arg-type]
    shown: list[str] = []

    def look(_: Future[str]) -> None:
        shown.append(agent.snapshot().scan_id)

    answers = [
        agent.submit(command) for command in (Start(demo_stream()[1].spec.declaration), End("none"), End())
    ]
    for answer in answers:
        answer.add_done_callback(look)
    agent.submit(Quit())
    agent.run()
    scan_id = answers[0].result(0)
    assert isinstance(answers[1].exception(0), CommandRefused)
    assert shown == [scan_id, scan_id, ""]
