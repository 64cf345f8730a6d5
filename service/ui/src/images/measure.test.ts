/** Places of a picture and metres of a lorry, there and back. */
import { describe, expect, it } from 'vitest';
import { Ruler } from './measure';

/** 1001 lines, 4 mm apart, 5 mm high. */
const even = Ruler.of({ width: 1001, pixel_mm: 5, places_mm: [0, 2000, 4000] })!;

describe('a lorry at even speed', () => {
  it('measures along and up', () => {
    expect(even.length({ x: 100, y: 10 }, { x: 850, y: 410 })).toEqual({ along: 3, up: 2, straight: Math.hypot(3, 2) });
  });

  it('measures the same backwards', () => {
    const [a, b] = [{ x: 20.5, y: 3 }, { x: 400.25, y: 90 }];
    expect(even.length(b, a)).toEqual(even.length(a, b));
  });

  it('knows what a pixel looks like', () => {
    expect([even.stretch, even.row_mm]).toEqual([0.8, 5]);
  });

  it('goes on at the edges as beside them', () => {
    expect(even.along_mm(1001) - even.along_mm(0)).toBeCloseTo(4004);
  });
});

it('a lorry that slowed down is as long as its encoder says', () => {
  const ruler = Ruler.of({ width: 1001, pixel_mm: 5, places_mm: [0, 4000, 6000] })!;
  expect(ruler.length({ x: 0.5, y: 0 }, { x: 500.5, y: 0 }).along).toBe(4);
  expect(ruler.length({ x: 500.5, y: 0 }, { x: 1000.5, y: 0 }).along).toBe(2);
});

it('no metres where the scale is not known or cannot be', () => {
  for (const wrong of [
    { pixel_mm: null },
    { pixel_mm: 0 },
    { pixel_mm: -4 },
    { places_mm: [] },
    { places_mm: [0] },
    { places_mm: [0, 0, 0] },
    { places_mm: [0, 3000, 2000] },
    { places_mm: [0, NaN, 2000] },
    { places_mm: [0, 1e12] },
    { width: 1 },
  ]) {
    expect(Ruler.of({ width: 1001, pixel_mm: 5, places_mm: [0, 4000], ...wrong })).toBeNull();
  }
});
