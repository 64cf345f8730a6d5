/** Colour maps: even, monotonous, exact at their ends. */
import { describe, expect, it } from 'vitest';
import { coloured, greyMap, greyOf, heatLayer, THERMAL, WHOLE } from './colours';

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

describe('greyMap', () => {
  it('leaves greys alone over the whole range', () => {
    const map = greyMap(WHOLE);
    expect([map[0], map[3 * 100], map[3 * 255]]).toEqual([0, 100, 255]);
  });

  it('turns them over', () => {
    const map = greyMap({ ...WHOLE, inverted: true });
    expect([map[0], map[3 * 255]]).toEqual([255, 0]);
  });

  it('stretches a window and clips the rest', () => {
    const map = greyMap({ level: 0.5, width: 0.5, inverted: false });
    expect(map[3 * 60]).toBe(0);
    expect(map[3 * 200]).toBe(255);
    expect(map[3 * 128]).toBeGreaterThan(125);
    expect(map[3 * 128]).toBeLessThan(131);
  });
});

describe('pixels', () => {
  it('colours each grey value and keeps it opaque', () => {
    const rgba = coloured(new Uint8ClampedArray([0, 255]), THERMAL);
    expect([...rgba]).toEqual([4, 4, 20, 255, 252, 252, 200, 255]);
  });

  it('draws no heat where there is none', () => {
    const rgba = heatLayer(new Uint8ClampedArray([0, 20, 255]), [255, 0, 0]);
    expect([rgba[3], rgba[7], rgba[11]]).toEqual([0, 0, 190]);
  });

  it('reads greys back', () => {
    expect([...greyOf(new Uint8ClampedArray([7, 7, 7, 255, 9, 9, 9, 255]))]).toEqual([7, 9]);
  });
});
