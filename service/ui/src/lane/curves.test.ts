/** Curves of an evidence: corners where they belong, bands closed, and what cannot be drawn is left out. */
import { describe, expect, it } from 'vitest';
import { band, bars, drawable, line, range } from './curves';

describe('drawable', () => {
  it('knows the rows of each kind', () => {
    const rows = [[0, 1], [2, 3], [4, 5], [6, 7]];
    expect(drawable({ kind: 'rate', sensor: 'g', rows })).toBe(true);
    expect(drawable({ kind: 'rate', sensor: 'g', rows: rows.slice(1) })).toBe(false);
    expect(drawable({ kind: 'breathing', sensor: 'g', rows: rows.slice(2) })).toBe(true);
    expect(drawable({ kind: 'beats', sensor: 'g', rows: [[0, 1], [2]] })).toBe(false);
    expect(drawable({ kind: 'spectrum', sensor: 'g', rows: [[], [], []] })).toBe(false);
    expect(drawable({ kind: 'of a later lane', sensor: 'g', rows })).toBe(false);
  });
});

describe('range', () => {
  it('spans all rows with a margin', () => {
    expect(range([[1, 5], [3, 11]], 0.1)).toEqual({ low: 0, high: 12 });
  });
});

describe('line and band', () => {
  it('put the least at the lower left and the most at the upper right', () => {
    expect(line([-2, 0], [10, 20], { low: -2, high: 0 }, { low: 10, high: 20 })).toBe('0,30 100,0');
  });

  it('stay within the drawing and in its middle where nothing varies', () => {
    expect(line([0, 9], [5, 99], { low: 0, high: 9 }, { low: 5, high: 10 })).toBe('0,30 100,0');
    expect(line([1], [5], { low: 1, high: 1 }, { low: 5, high: 5 })).toBe('50,15');
  });

  it('go there above and back below', () => {
    expect(band([0, 1], [0, 0], [1, 1], { low: 0, high: 1 }, { low: 0, high: 1 })).toBe('0,0 100,0 100,30 0,30');
  });
});

describe('bars', () => {
  it('stand on the bottom; what is next to nothing is left out', () => {
    expect(bars([0, 5, 10], [0.5, 0.01, 1], { low: 0, high: 10 })).toBe('M0 30V15M100 30V0');
  });
});
