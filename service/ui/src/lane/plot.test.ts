/** Tables for the plots: gaps stay gaps, curves of different times stand side by side, lanes do not touch. */
import { describe, expect, it } from 'vitest';
import type { Curve } from './traces';
import { halfRange, laneTable, roundUp, scalarTable } from './plot';

function curve(channel: string, t_ms: number[], low: number[], high: number[] = low): Curve {
  return { key: channel, sensor: 's', channel, unit: 'ppm', t_ms, low, high };
}

describe('roundUp', () => {
  it('takes 1, 2 or 5 times a power of ten', () => {
    expect([0.031, 0.1, 1.2, 4.99, 5, 51, 0, NaN].map(roundUp)).toEqual([0.05, 0.1, 2, 5, 5, 100, 1, 1]);
  });
});

describe('scalarTable', () => {
  it('skips times of the other curve and keeps gaps', () => {
    const [t, inside, outside] = scalarTable(
      [curve('a', [0, 1000, 2000, 9000], [1, 2, 3, 4]), curve('b', [0, 9000], [7, 8])],
      9000,
      -60,
    );
    expect(t).toEqual([-9, -8, -7, -6.999, 0]);
    expect(inside).toEqual([1, 2, 3, null, 4]);
    expect(outside).toEqual([7, undefined, undefined, undefined, 8]);
  });
});

describe('laneTable', () => {
  it('puts each curve within ±1 of its own line, on one scale', () => {
    const { table, half } = laneTable([curve('a', [0], [-4], [4]), curve('b', [0], [-1], [2])], 0, -60);
    expect(half).toBe(5);
    expect(table.slice(1).map((column) => column[0])).toEqual([-0.8, 0.8, -2.2, -1.6]);
  });

  it('has a scale for a silent board', () => {
    expect(halfRange([])).toBe(1);
  });
});
