/** The bars add up: each begins where the one before ended, and the last ends at the sum. */
import { describe, expect, it } from 'vitest';
import measuring from '../design/fixtures/measuring.json';
import noIndication from '../design/fixtures/no-indication.json';
import rescue from '../design/fixtures/rescue.json';
import search from '../design/fixtures/search.json';
import tanker from '../design/fixtures/tanker.json';
import type { Live } from '../lib/types';
import { ladder, percentOf, scaleOf, ticksOf, zoneOf } from './ladder';
import { adds } from './senses';

const lives = [measuring, noIndication, rescue, search, tanker] as unknown as Live[];

describe('ladder', () => {
  it('stands where it stood at a method without an answer', () => {
    expect(ladder([2, null, -3, 0])).toEqual([
      { from: 0, to: 2 },
      { from: 2, to: 2 },
      { from: 2, to: -1 },
      { from: -1, to: -1 },
    ]);
  });

  it('ends at the ratio that the pipeline itself fused', () => {
    for (const { assessment } of lives) {
      const steps = ladder(assessment!.evidences.map((one) => adds(one, assessment!.fused)));
      expect(steps.at(-1)!.to).toBeCloseTo(assessment!.fused!.llr, 6);
    }
  });
});

describe('zoneOf', () => {
  it('agrees with what the pipeline recommended', () => {
    const zones = lives.map(({ assessment, limits }) => zoneOf(assessment!.fused!.llr, limits));
    const said = lives.map(({ assessment }) => assessment!.recommendation);
    expect(said).toEqual(['inconclusive', 'no-indication', 'rescue', 'search', 'search']);
    expect(zones).toEqual(['between', 'no_indication', 'search', 'search', 'search']);
  });

  it('says nothing without boundaries', () => {
    expect(zoneOf(9, null)).toBeNull();
  });
});

describe('scaleOf', () => {
  it('holds every value with room, in whole powers of ten, ten to one each way at least', () => {
    for (const values of [[], [0.1], [15.2, -2.3], [-30, 4]]) {
      const { low, high } = scaleOf(values);
      for (const value of values) expect([value > low, value < high]).toEqual([true, true]);
      expect(low).toBeLessThanOrEqual(-Math.log(10));
      expect(high).toBeGreaterThanOrEqual(Math.log(10));
      expect(low / Math.log(10)).toBeCloseTo(Math.round(low / Math.log(10)), 9);
    }
  });

  it('places its ends and its middle', () => {
    const scale = { low: -2, high: 6 };
    expect([-2, 0, 6, 99, -99].map((value) => percentOf(value, scale))).toEqual([0, 25, 100, 100, 0]);
  });

  it('writes few powers of ten, none of them 1', () => {
    for (const far of [1, 3, 8, 20, 60]) {
      const ticks = ticksOf(scaleOf([far, -far / 3]));
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThanOrEqual(5);
      expect(ticks).not.toContain(0);
    }
  });
});
