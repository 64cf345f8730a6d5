import { expect, it } from 'vitest';
import { GREY } from '../images/colours';
import { coloured, stretched } from './pixels';

it('a few glaring pixels do not leave all others dark', () => {
  const grey = new Uint8ClampedArray(1000).fill(50);
  grey.fill(255, 0, 4);
  const seen = stretched(grey);
  expect([seen[0], seen[999]]).toEqual([255, 255]);
  grey.fill(255, 0, 40);
  expect(stretched(grey)[999]).toBe(50);
});

it('a picture of nothing stays black', () => {
  expect([...stretched(new Uint8ClampedArray(4))]).toEqual([0, 0, 0, 0]);
});

it('a grey pixel becomes an opaque colour of the map', () => {
  expect([...coloured(new Uint8ClampedArray([0, 200]), GREY)]).toEqual([0, 0, 0, 255, 200, 200, 200, 255]);
});
