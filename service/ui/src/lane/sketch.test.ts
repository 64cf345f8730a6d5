import { expect, it } from 'vitest';
import { sketch, span } from './sketch';

it('draws a line and leaves its gaps open', () => {
  const drawn = { t_s: [-60, -30, -29, 0], low: [0, 10, null, 5], high: [0, 10, null, 5] };
  expect(sketch(drawn, 60, { low: 0, high: 10 })).toBe('M0 30L50 0M100 15');
});

it('draws an envelope as upright strokes', () => {
  expect(sketch({ t_s: [-30], low: [-1], high: [1] }, 60, { low: -1, high: 1 })).toBe('M50 30V0');
});

it('knows lowest and highest, and that there is nothing', () => {
  expect(span([{ t_s: [-1, 0], low: [3, null], high: [4, null] }, { t_s: [0], low: [-2], high: [9] }])).toEqual({ low: -2, high: 9 });
  expect(span([])).toBeNull();
});
