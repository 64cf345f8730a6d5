/** Pixels of the screen: values mixed, never with what is none; hatching as wide at every size. */
import { describe, expect, it } from 'vitest';
import { HATCH } from './colours';
import { fill, type Dress } from './dress';
import { imageOf, MISSING, NOT_PENETRATED } from './pyramid';

const WHITE = 65532;
/** A table that shows each grey as itself. */
const table = Uint32Array.from({ length: WHITE + 4 }, (_, i) => i);
const plain: Dress = { table, heat: null, warm: [255, 0, 0], hatched: false, step: 10 };

function drawn(width: number, greys: number[], whole: { width: number; height: number }, dress = plain): number[] {
  const image = imageOf({ width, height: greys.length / width, grey: Uint16Array.from(greys) }, WHITE);
  const pixels = new Uint32Array(whole.width * whole.height);
  fill(pixels, image, { x: 0, y: 0, ...whole }, whole, dress);
  return [...pixels];
}

describe('values', () => {
  it('are themselves at their own size', () => {
    expect(drawn(2, [1, 2, 3, 4], { width: 2, height: 2 })).toEqual([1, 2, 3, 4]);
  });

  it('are mixed in between', () => {
    expect(drawn(2, [0, 1000], { width: 4, height: 1 })).toEqual([0, 250, 750, 1000]);
  });

  it('are means where many fall into one', () => {
    expect(drawn(512, Array.from({ length: 512 * 512 }, (_, i) => 100 + (i % 2)), { width: 1, height: 1 })[0]).toBe(101);
  });

  it('are pixels where one is large', () => {
    expect(drawn(2, [0, 1000], { width: 8, height: 4 }).slice(0, 8)).toEqual([0, 0, 0, 0, 1000, 1000, 1000, 1000]);
  });

  it('are not mixed with what is none', () => {
    const none = WHITE + NOT_PENETRATED;
    expect(drawn(2, [10, none], { width: 4, height: 1 })).toEqual([10, 10, none, none]);
  });

  it('meet at the edges of two tiles', () => {
    const image = imageOf({ width: 9, height: 1, grey: Uint16Array.from({ length: 9 }, (_, i) => 1000 * i) }, WHITE);
    const whole = { width: 20, height: 1 };
    const parts = [0, 7].map((x) => {
      const pixels = new Uint32Array(13);
      fill(pixels, image, { x, y: 0, width: 13, height: 1 }, whole, plain);
      return [...pixels];
    });
    expect(parts[0]!.slice(7)).toEqual(parts[1]!.slice(0, 6));
  });
});

describe('hatching', () => {
  const hatched = { ...plain, hatched: true };
  const lines = (over: number, size: number): number => {
    const pixels = drawn(1, [WHITE + over], { width: size, height: size }, hatched);
    return pixels.filter((pixel) => (HATCH as readonly number[]).includes(pixel)).length / pixels.length;
  };

  it('covers as much at every size, and more where it is crossed', () => {
    expect([lines(NOT_PENETRATED, 20), lines(NOT_PENETRATED, 200)]).toEqual([0.4, 0.4]);
    expect(lines(MISSING, 200)).toBeGreaterThan(0.55);
  });

  it('is where nothing is known and nowhere else', () => {
    const pixels = drawn(2, [5, WHITE + NOT_PENETRATED], { width: 40, height: 20 }, hatched);
    pixels.forEach((pixel, i) => i % 40 < 20 && expect(pixel).toBe(5));
  });
});

it('heat lies over what is warm, the more the warmer', () => {
  const heat = { width: 3, height: 1, grey: Uint16Array.of(0, 20, 255) };
  const black = { ...plain, table: new Uint32Array(WHITE + 4).fill(0xff000000), heat };
  const [cold, cool, hot] = drawn(3, [1, 2, 3], { width: 3, height: 1 }, black);
  expect([cold, cool, hot]).toEqual([0xff000000, 0xff000000, 0xff0000bf]);
});
