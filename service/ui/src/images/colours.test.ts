/** Colour maps: even, monotonous, exact at their ends. */
import { describe, expect, it } from 'vitest';
import { GREY, THERMAL } from './colours';

/** CIE lightness L* of sRGB (IEC 61966-2-1, CIE 15). */
function lightness(red: number, green: number, blue: number): number {
  const linear = [red, green, blue].map((v) => {
    const share = v / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const y = 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  return y > 216 / 24389 ? 116 * Math.cbrt(y) - 16 : (24389 / 27) * y;
}

describe('THERMAL', () => {
  const lightnesses = Array.from({ length: 256 }, (_, i) =>
    lightness(THERMAL[3 * i]!, THERMAL[3 * i + 1]!, THERMAL[3 * i + 2]!),
  );

  it('never gets darker as it gets warmer', () => {
    for (let i = 1; i < 256; i += 1) expect(lightnesses[i]! - lightnesses[i - 1]!).toBeGreaterThan(-0.6);
  });

  it('rises evenly: every sixteenth of the range is a step that can be seen', () => {
    for (let i = 16; i < 256; i += 16) expect(lightnesses[i]! - lightnesses[i - 16]!).toBeGreaterThan(2);
    expect(lightnesses[0]).toBeLessThan(3);
    expect(lightnesses[255]).toBeGreaterThan(95);
  });
});

it('GREY is each grey itself', () => {
  expect([...GREY]).toEqual(Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)));
});
