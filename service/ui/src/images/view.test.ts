/** Zoom and pan: places stay under the pointer, and the picture in its frame. */
import { expect, it } from 'vitest';
import { ALL, kept, panned, placed, under, zoomed } from './view';

const WHOLE = { width: 6000, height: 1000 };
const FRAME = { width: 1200, height: 400 };
const PIXEL = { width: 1, height: 1 };

it('all of it is in the middle of the frame', () => {
  expect(placed(kept(ALL, WHOLE, FRAME), WHOLE, FRAME, PIXEL)).toEqual({ sx: 0.2, sy: 0.2, x: 0, y: 100 });
});

it('what is under the pointer stays there while zooming', () => {
  const at = { x: 900, y: 220 };
  const before = kept({ zoom: 4, u: 0.4, v: 0.5 }, WHOLE, FRAME);
  const after = zoomed(before, 1.7, WHOLE, FRAME, at);
  const places = [before, after].map((look) => under(placed(look, WHOLE, FRAME, PIXEL), at));
  expect(places[1]!.x).toBeCloseTo(places[0]!.x, 6);
  expect(places[1]!.y).toBeCloseTo(places[0]!.y, 6);
});

it('a picture is never smaller than all of it, and never leaves its frame', () => {
  expect(zoomed(ALL, 0.1, WHOLE, FRAME)).toEqual(ALL);
  const far = panned({ zoom: 8, u: 0.5, v: 0.5 }, 1e6, 1e6, WHOLE, FRAME);
  const { x, y, sx, sy } = placed(far, WHOLE, FRAME, PIXEL);
  expect(x + sx * WHOLE.width).toBeCloseTo(FRAME.width);
  expect(y + sy * WHOLE.height).toBeCloseTo(FRAME.height);
});

it('panning moves by screen pixels', () => {
  const before = kept({ zoom: 8, u: 0.5, v: 0.5 }, WHOLE, FRAME);
  const after = panned(before, 30, -20, WHOLE, FRAME);
  const [from, to] = [before, after].map((look) => placed(look, WHOLE, FRAME, PIXEL));
  expect([from!.x - to!.x, from!.y - to!.y].map(Math.round)).toEqual([30, -20]);
});

it('pixels that are wider than high are drawn so', () => {
  const { sx, sy } = placed(ALL, { width: 8000, height: 5000 }, FRAME, { width: 4, height: 5 });
  expect(sx / sy).toBeCloseTo(0.8);
});
