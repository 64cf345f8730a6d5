/** Window and level: in values, over all sixteen bits. */
import { describe, expect, it } from 'vitest';
import { GREY } from './colours';
import { autoSpan, held, lookup, moved, scaleOf, valueAt } from './level';
import { imageOf, MISSING, NOT_PENETRATED, SATURATED } from './pyramid';

const WHITE = 65532;
const scale = scaleOf({ low: 0, high: 8, white: WHITE, unit: '' });
/** The red of a pixel of the canvas. */
const red = (word: number | undefined): number => word! & 0xff;

describe('lookup', () => {
  it('spreads the span from black to white and clips the rest', () => {
    const table = lookup({ low: 2, high: 4 }, false, scale, GREY);
    const at = (value: number): number => red(table[Math.round((value / 8) * WHITE)]);
    expect([at(0), at(2), at(3), at(4), at(8)]).toEqual([0, 0, 128, 255, 255]);
  });

  it('tells values apart that are one in eight bits', () => {
    const table = lookup({ low: 3, high: 3 + 8 / 256 }, false, scale, GREY);
    const shown = new Set(Array.from({ length: 256 }, (_, i) => red(table[Math.round((3 / 8) * WHITE) + i])));
    expect(shown.size).toBeGreaterThan(200);
  });

  it('turns over', () => {
    const table = lookup({ low: 0, high: 8 }, true, scale, GREY);
    expect([red(table[0]), red(table[WHITE])]).toEqual([255, 0]);
  });

  it('shows what has no value as what it may be', () => {
    const matter = lookup({ low: 2, high: 4 }, false, scale, GREY);
    const over = (table: Uint32Array) => [SATURATED, NOT_PENETRATED, MISSING].map((n) => red(table[WHITE + n]));
    expect(over(matter)).toEqual([0, 255, 0]);
    const counts = lookup({ low: 2, high: 4 }, false, { ...scale, counts: true }, GREY);
    expect(over(counts)).toEqual([255, 0, 0]);
  });

  it('is opaque', () => {
    expect(lookup({ low: 0, high: 8 }, false, scale, GREY).every((word) => word >>> 24 === 255)).toBe(true);
  });
});

describe('autoSpan', () => {
  const grey = new Uint16Array(10_000).map((_, i) => (i < 9_970 ? 8191 + (i % 8192) : WHITE));

  it('leaves single dense spots out of an X-ray picture', () => {
    const { histogram } = imageOf({ width: 100, height: 100, grey }, WHITE);
    const { low, high } = autoSpan(histogram, scale, false);
    expect(low).toBeCloseTo(1, 1);
    expect(high).toBeCloseTo(2, 1);
  });

  it('shows all of warmth: the warm spot is small', () => {
    const { histogram } = imageOf({ width: 100, height: 100, grey }, WHITE);
    expect(autoSpan(histogram, scale, true)).toEqual({ low: 0, high: 8 });
  });

  it('shows all of a picture that has no value', () => {
    expect(autoSpan(new Uint32Array(4096), scale, false)).toEqual({ low: 0, high: 8 });
  });
});

it('a span stays within the values and never closes', () => {
  expect(held({ low: -96, high: 104 }, scale)).toEqual({ low: 0, high: 8 });
  const { low, high } = held({ low: 3, high: 3 }, scale);
  expect(high - low).toBeCloseTo(0.008);
});

it('moves by shares of the values and widens by factors', () => {
  expect(moved({ low: 2, high: 4 }, scale, 0.125, 1)).toEqual({ low: 3, high: 5 });
  expect(moved({ low: 2, high: 4 }, scale, 0, 2)).toEqual({ low: 1, high: 5 });
});

it('a value is told where there is one', () => {
  expect(valueAt(WHITE / 2, scale)).toBe(4);
  expect(valueAt(WHITE + NOT_PENETRATED, scale)).toBeNull();
});

it('an older lane’s picture has eight bits, and a scale of nothing has a width', () => {
  const told = { low: 3, high: 3, unit: '' } as Parameters<typeof scaleOf>[0];
  expect(scaleOf(told)).toEqual({ low: 3, high: 4, white: 255, counts: false });
});
