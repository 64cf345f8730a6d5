/** Where things stand on the drawing: by role, within the load space, no place for what the picture does not tell. */
import { describe, expect, it } from 'vitest';
import { alongChassis, columnOf, extentOf, leader, LOAD_SPACE, markOf, onLorry, placed, shapeOf, WIDTH } from './lorry';

const named = (...roles: string[]) => roles.map((role, i) => ({ name: `${role}-${i}`, role }));

describe('placed', () => {
  it('puts sensors above and below, from the cab to the doors, whatever the lane’s order', () => {
    const { above, below } = placed(named('doors', 'ground', 'inside', 'chassis', 'portal', 'outside'));
    expect(above.map(({ place }) => place)).toEqual(['outside', 'portal', 'inside', 'doors']);
    expect(below.map(({ place }) => place)).toEqual(['chassis', 'ground']);
  });

  it('loses none: two of a role share a place, the generator stands at the portal, unknown roles last', () => {
    const devices = named('inside', 'inside', 'portal', 'generator', 'weighbridge');
    const { above, below } = placed(devices);
    expect(above.map(({ devices: own }) => own.length)).toEqual([2, 2]);
    expect(below).toEqual([{ place: 'lane', devices: [devices[4]] }]);
    expect(markOf('lane', false)).toBeNull();
  });

  it('leads lines that do not cross', () => {
    const { above } = placed(named('outside', 'portal', 'inside', 'doors'));
    const spans = above.map(({ place }, i) => {
      const x = markOf(place, true)!.x;
      return [Math.min(columnOf(i, 4), x), Math.max(columnOf(i, 4), x)] as const;
    });
    spans.slice(1).forEach(([from], i) => expect(from).toBeGreaterThan(spans[i]![1]));
    expect(leader(125, { x: 40, y: 100 }, true)).toBe('M125 0V9H40V100');
  });
});

describe('the probe', () => {
  it('is in the load space only when it is in', () => {
    const space = LOAD_SPACE.box;
    expect(markOf('inside', true)!.x).toBeLessThan(space.x + space.width);
    expect(markOf('inside', false)!.x).toBeGreaterThan(space.x + space.width);
  });
});

it('sets the channels along the chassis, in order and apart', () => {
  const at = alongChassis(['c1', 'c2', 'c3', 'c4']).map(({ at: { x } }) => x);
  expect(at).toEqual([...at].sort((a, b) => a - b));
  const steps = at.slice(1).map((x, i) => x - at[i]!);
  expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
  expect(alongChassis([])).toEqual([]);
});

it('knows a tank by the declaration only', () => {
  expect([shapeOf('tanker'), shapeOf('reefer'), shapeOf(undefined)]).toEqual(['tank', 'box', 'box']);
});

describe('onLorry', () => {
  // 10 pixels a metre: the lorry of 16.5 m stands from column 40 to 205
  const passage = { first: 40, last: 205, height: 512, vehicle_m: 16.5 };
  const space = LOAD_SPACE.box;

  it('counts from the lorry’s front, not from the picture’s edge', () => {
    // half of the load space lies at 2.95 m + 13.45 m / 2 behind the front
    const middle = 40 + 10 * (2.95 + 13.45 / 2);
    const area = onLorry({ x: middle - 10, y: 250, width: 20, height: 60 }, passage, 'box')!;
    expect(area.x + area.width / 2).toBeCloseTo(space.x + space.width / 2, 0);
    expect(area.width).toBeCloseTo((2 / 13.45) * space.width, 0);
  });

  it('stays within the load space and is large enough to be seen', () => {
    for (const box of [
      { x: 0, y: 0, width: 1024, height: 512 },
      { x: 203, y: 360, width: 1, height: 1 },
      { x: 0, y: 500, width: 2, height: 2 },
    ]) {
      const area = onLorry(box, passage, 'box')!;
      expect(area.x).toBeGreaterThanOrEqual(space.x);
      expect(area.x + area.width).toBeLessThanOrEqual(space.x + space.width + 1e-9);
      expect(area.y).toBeGreaterThanOrEqual(space.y);
      expect(area.y + area.height).toBeLessThanOrEqual(space.y + space.height + 1e-9);
      expect(Math.min(area.width, area.height)).toBeGreaterThanOrEqual(12);
    }
  });

  it('gives no place where the length is not known or nothing was seen to pass', () => {
    const box = { x: 90, y: 200, width: 20, height: 60 };
    expect(onLorry(box, { ...passage, vehicle_m: NaN }, 'box')).toBeNull();
    expect(onLorry(box, { ...passage, vehicle_m: 2 }, 'box')).toBeNull();
    expect(onLorry(box, { ...passage, last: 40 }, 'box')).toBeNull();
  });
});

describe('extentOf', () => {
  const picture = (columns: number[], pixels: number) => {
    const grey = new Uint8ClampedArray(20 * 8);
    for (const x of columns) for (let y = 0; y < pixels; y += 1) grey[y * 20 + x] = 200;
    return { width: 20, height: 8, grey };
  };

  it('finds the first and last column with something in the beam', () => {
    expect(extentOf(picture([4, 9, 15], 5), 0, 6)).toEqual([4, 15]);
  });

  it('takes two pixels for dirt, and an empty picture for empty', () => {
    expect(extentOf(picture([4, 9], 2), 0, 6)).toBeNull();
    expect(extentOf(picture([], 0), 0, 6)).toBeNull();
  });

  it('measures in attenuation: the same grey of a thin picture is air', () => {
    expect(extentOf(picture([4, 9], 5), 0, 0.2)).toBeNull();
  });
});

it('keeps every mark on the drawing', () => {
  for (const place of ['outside', 'air', 'portal', 'inside', 'doors', 'chassis', 'ground'] as const) {
    const at = markOf(place, false)!;
    expect(at.x).toBeGreaterThan(0);
    expect(at.x).toBeLessThan(WIDTH);
  }
});
