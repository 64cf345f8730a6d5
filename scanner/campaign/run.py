"""Runs a campaign on a pool of processes; what was done is kept, and an interrupted run goes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from drivers.api import ConfigError, LorryscanError
from scanner.campaign.draw import draw_campaign_lorry
from scanner.campaign.judge import Ticks, judge
from scanner.campaign.record import Recorder, write_labels
from scanner.campaign.rows import CampaignRows, rows_digest
from scanner.campaign.splits import Split, lorry_seed
from scanner.methods import MethodKit, load_kit
from scanner.policy import make_policy
from scanner.validation.outcome import Outcome

WAITING_PER_WORKER = 2
"""Lorries given out ahead: enough to keep a worker busy, few to lose."""


LIVE = Ticks()
"""As a lane weighs."""


class CampaignStopped(LorryscanError, RuntimeError):
    """A campaign ended before its last lorry.

    Examples: it was interrupted; a worker was killed because memory ran out.
    """


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is drawn and how it is judged.

    Parameters
    ----------
    split, seed : whose lorries.
    occupied_share, tanker_share : of all lorries; None = as ``campaign.toml`` says.
    signal_db, noise_db : people and noise other than they are drawn, as in `at_levels`.
    ticks : when each is weighed.
    calibrated : False = scores only, as a fit needs them: every ratio is 0.
    record : whether recordings are kept as well.
    model_files, evidence_file : as in `load_kit`.
    """

    split: Split
    seed: int
    occupied_share: float = 1 / 6
    ticks: Ticks = LIVE
    calibrated: bool = True
    record: bool = False
    tanker_share: float | None = None
    signal_db: float = 0.0
    noise_db: float = 0.0
    model_files: tuple[tuple[str, Path], ...] = ()
    evidence_file: Path | None = None

    def kit(self) -> MethodKit:
        """Load what judges; the same for each call."""
        return _kit(self.model_files, self.evidence_file, self.calibrated)

    def identity(self) -> dict[str, dict[str, object]]:
        """Return all that rows depend on besides the lorry's number.

        Raises
        ------
        ConfigError : a share outside 0 to 1, a seed out of range, a time between ticks that is none.
        """
        for what, share in (("occupied", self.occupied_share), ("tanker", self.tanker_share)):
            if share is not None and not 0 <= share <= 1:
                raise ConfigError(f"the {what} share is from 0 to 1, not {share:g}")
        if not 0.1 <= self.ticks.every_s <= 10:
            raise ConfigError(f"ticks come every 0.1 to 10 s, not every {self.ticks.every_s:g} s")
        for what, level_db in (("signal", self.signal_db), ("noise", self.noise_db)):
            if not -40 <= level_db <= 40:
                raise ConfigError(f"the {what} is from -40 to 40 dB off, not {level_db:g}")
        lorry_seed(self.split, self.seed, 0)
        kit = self.kit()
        return {
            "campaign": {
                "split": self.split,
                "seed": self.seed,
                "occupied_share": self.occupied_share,
                "tanker_share": self.tanker_share,
                "signal_db": self.signal_db,
                "noise_db": self.noise_db,
                **{f"ticks_{name}": value for name, value in asdict(self.ticks).items()},
                "calibrated": self.calibrated,
                "record": self.record,
            },
            "versions": dict(kit.versions(make_policy({}))),
            "models": dict(kit.model_hashes()),
        }

    def name_of(self, number: int) -> str:
        """Return the scan's id of a lorry."""
        return f"{self.split}-{self.seed}-{number:05d}"


@cache
def _kit(files: tuple[tuple[str, Path], ...], evidence: Path | None, calibrated: bool) -> MethodKit:
    return load_kit(dict(files), evidence, calibrated=calibrated)


def judge_number(campaign: Campaign, folder: Path, number: int) -> Outcome:
    """Draw, scan and judge one lorry; record it into ``folder`` where the campaign wants it."""
    lorry = draw_campaign_lorry(
        campaign.split,
        campaign.seed,
        number,
        campaign.occupied_share,
        campaign.tanker_share,
        signal_db=campaign.signal_db,
        noise_db=campaign.noise_db,
    )
    kit, policy = campaign.kit(), make_policy({})
    recorder = Recorder(folder, lorry, kit, policy) if campaign.record else None
    return judge(lorry, kit, policy, campaign.ticks, recorder)


@dataclass(frozen=True, slots=True)
class CampaignRun:
    """What a finished campaign gave.

    Parameters
    ----------
    path : of its rows, in the order of their numbers.
    digest : over the rows that were asked for.
    counts : how many lorries got each recommendation, empty ones (False) and occupied ones (True) apart.
    """

    path: Path
    digest: str
    counts: Mapping[bool, Mapping[str, int]]


def run_campaign(
    campaign: Campaign,
    lorries: int,
    folder: Path,
    workers: int = 1,
    progress: Callable[[int], None] = lambda _done: None,
) -> CampaignRun:
    """Judge the first lorries of a campaign that its folder has no rows of.

    Parameters
    ----------
    folder : holds ``campaign.json`` and ``rows.jsonl``, with recordings ``scans`` and ``labels.csv``.
    workers : processes; 1 = this one alone. The rows are the same for any number.
    progress : called with the number of rows that there are, first with those of an earlier run.

    Raises
    ------
    ConfigError : the folder holds rows of another campaign; a setting is out of range.
    CampaignStopped : interrupted, or a worker was killed; what was finished is kept.
    """
    names = [campaign.name_of(number) for number in range(lorries)]
    with CampaignRows(folder, campaign.identity()) as rows:
        left = [number for number, name in enumerate(names) if name not in rows]
        progress(lorries - len(left))
        try:
            for done, row in enumerate(_judged(campaign, folder, left, workers), lorries - len(left) + 1):
                rows.add(row)
                progress(done)
        except KeyboardInterrupt:
            raise CampaignStopped(_words("it was interrupted", names, rows)) from None
        except BrokenProcessPool as error:
            why = "a worker was killed, by lack of memory or from outside"
            raise CampaignStopped(_words(why, names, rows)) from error
        finally:
            if campaign.record:
                write_labels(folder, rows.rows(names))
        rows.sort()
        return CampaignRun(rows.path, rows_digest(rows.lines(names)), summary(rows.rows(names)))


def _words(why: str, names: Sequence[str], rows: CampaignRows) -> str:
    kept = sum(name in rows for name in names)
    return f"{why}: {kept} of {len(names)} lorries are kept; the same command goes on from there"


def _judged(campaign: Campaign, folder: Path, numbers: Sequence[int], workers: int) -> Iterator[Outcome]:
    """Yield outcomes as they are finished; after an interrupt those that were in work are yielded first."""
    if workers == 1:
        yield from (judge_number(campaign, folder, number) for number in numbers)
        return
    # a fresh interpreter each: a copy of this one would take its threads' locks along
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _begin_worker) as pool:
        waiting: set[Future[Outcome]] = set()
        coming = iter(numbers)
        interrupted = False
        while True:
            try:
                while not interrupted and len(waiting) < WAITING_PER_WORKER * workers:
                    number = next(coming, None)
                    if number is None:
                        break
                    waiting.add(pool.submit(judge_number, campaign, folder, number))
                if not waiting:
                    break
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                waiting = {one for one in waiting if not one.cancel()}
                continue
            waiting -= finished
            yield from (one.result() for one in finished)
        if interrupted:
            raise KeyboardInterrupt


def _begin_worker() -> None:
    """Leave an interrupt to the parent, and end with it: one that is killed tells nobody."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def end_with_parent() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def summary(rows: Iterable[Outcome]) -> Mapping[bool, Mapping[str, int]]:
    """Return how many lorries got each recommendation, empty ones (False) and occupied ones (True) apart.

    Examples
    --------
    >>> summary([])
    {False: {}, True: {}}
    """
    counts: dict[bool, dict[str, int]] = {False: {}, True: {}}
    for row in rows:
        by = counts[row.truth.occupied]
        by[row.recommendation] = by.get(row.recommendation, 0) + 1
    return counts
