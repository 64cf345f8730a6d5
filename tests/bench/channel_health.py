"""How often sound geophones are called bad, and bad ones found: by hand.

``python -m tests.bench.channel_health`` prints the table of docs/calibration-geophone.md. Vehicles are those
of the vibration simulator, half with a person, a sixth each with a confounder; the thresholds were chosen on
other seeds (900 000 to 930 000).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy.stats import binomtest

from calibration.geophone import GeophoneResponse
from scanner.signals.channel_health import ChannelFault, ChannelHealth, channel_health
from scanner.signals.seismic import to_velocity
from scanner.simulation.vibration import record_vibration
from scanner.simulation.vibration_spec import Condition, Confounder, draw_vibration

SEED = 7_000_000
FS_HZ = 100.0
RESPONSE = GeophoneResponse(28.8 * 53_687_091.0, 4.5, 0.7, "simulated")
BAD = (ChannelFault.DEAD, ChannelFault.STUCK, ChannelFault.LOOSE, ChannelFault.EXCHANGED, ChannelFault.HOLED)

Array = np.ndarray
Break = Callable[[Array, int, np.random.Generator], Array]


def dead(counts: Array, row: int, rng: np.random.Generator) -> Array:
    """Unplugged: the converter's own noise of 1 to 50 counts."""
    made = counts.copy()
    made[row] = np.rint(rng.standard_normal(counts.shape[1]) * np.exp(rng.uniform(0.0, np.log(50.0))))
    return made


def loose(counts: Array, row: int, rng: np.random.Generator) -> Array:
    """Rocks on its foot at 3 to 9 Hz, passes 0.2 to 1 of the motion, rattles at 1 to 4 times its rms."""
    n = counts.shape[1]
    f_hz = np.fft.rfftfreq(n, 1 / FS_HZ)
    s, w, damping = 2j * np.pi * f_hz, 2 * np.pi * rng.uniform(3.0, 9.0), rng.uniform(0.05, 0.2)
    rocks = (2 * damping * w * s + w**2) / (s**2 + 2 * damping * w * s + w**2)
    passed = np.fft.irfft(np.fft.rfft(counts[row]) * rocks, n) * rng.uniform(0.2, 1.0)
    knots = np.arange(0, n + 50, 50)
    loud = np.exp(0.7 * np.interp(np.arange(n), knots, rng.standard_normal(knots.size)))
    rattle = np.fft.irfft(np.fft.rfft(rng.standard_normal(n) * loud) * np.abs(rocks), n)
    made = counts.copy()
    made[row] = passed + rattle / rattle.std() * counts[row].std() * rng.uniform(1.0, 4.0)
    return made


def reversed_poles(counts: Array, row: int, rng: np.random.Generator) -> Array:
    """Turned plug."""
    made = counts.copy()
    made[row] *= -1
    return made


def exchanged(counts: Array, row: int, rng: np.random.Generator) -> Array:
    """The ground's plug and this one changed places."""
    made = counts.copy()
    made[[row, 4]] = made[[4, row]]
    return made


def sound(counts: Array, row: int, rng: np.random.Generator) -> Array:
    """Nothing is wrong."""
    return counts


def judge(counts: Array) -> tuple[ChannelHealth, ...]:
    """Four chassis channels and the ground, counts ``(5, n_samples)``, as the lane judges them."""
    velocity, usable = to_velocity(counts, np.ones(counts.shape, bool), [RESPONSE] * 5, FS_HZ)
    usable[:, -round(FS_HZ) :] = False
    return channel_health(velocity[:4], FS_HZ, usable[:4], velocity[4:], counts[:4])


def trials(condition: Condition, broken: Break, n: int, seconds: float, seed: int = SEED) -> list[tuple]:
    """Return the broken channel and what was said of all four, n times."""
    done = []
    for i in range(n):
        spec = draw_vibration(seed + i, condition, i % 2, list(Confounder)[i % 6])
        counts = record_vibration(spec, seconds, FS_HZ).counts[:5].astype(float)
        row = i % 4
        done.append((row, judge(broken(counts, row, np.random.default_rng([seed, i])))))
    return done


def share(hits: int, n: int) -> str:
    """Return a share with its exact 95 % interval."""
    interval = binomtest(hits, n).proportion_ci(0.95, "exact")
    return f"{hits / n:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def main() -> None:
    """Print a line a condition."""
    parse = argparse.ArgumentParser()
    parse.add_argument("--sound", type=int, default=1000)
    parse.add_argument("--broken", type=int, default=200)
    parse.add_argument("--seconds", type=float, default=60.0)
    told = parse.parse_args()
    for condition in Condition:
        said = [[h.fault for h in health] for _, health in trials(condition, sound, told.sound, told.seconds)]
        any_bad = sum(any(fault in BAD for fault in faults) for faults in said)
        any_turned = sum(ChannelFault.REVERSED in faults for faults in said)
        print(
            f"{condition}, {told.seconds:g} s: a sound vehicle has a channel called bad",
            share(any_bad, told.sound),
        )
        print("  poles doubted", share(any_turned, told.sound))
        for broken, wanted in (
            (dead, (ChannelFault.DEAD, ChannelFault.LOOSE)),
            (loose, (ChannelFault.LOOSE,)),
            (exchanged, (ChannelFault.EXCHANGED,)),
        ):
            found = trials(condition, broken, told.broken, told.seconds)
            right = sum(health[row].fault in wanted for row, health in found)
            out = sum(not health[row].usable for row, health in found)
            others = sum(any(not h.usable for k, h in enumerate(health) if k != row) for row, health in found)
            print(
                f"  {broken.__name__}: named {share(right, told.broken)}, "
                f"left out or refused {out / told.broken:.3f}, "
                f"a sound neighbour left out {others / told.broken:.3f}"
            )
        turned = trials(condition, reversed_poles, told.broken, told.seconds)
        told_of = [
            (row, health) for row, health in turned if any(h.fault is ChannelFault.REVERSED for h in health)
        ]
        among = sum(health[row].fault is ChannelFault.REVERSED for row, health in told_of)
        alone = sum(sum(h.fault is ChannelFault.REVERSED for h in health) == 1 for _, health in told_of)
        print(
            f"  reversed: doubted {share(len(told_of), told.broken)}; of these the right one among the named "
            f"{share(among, len(told_of))}, one alone named {alone / len(told_of):.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
