/** Halves of pictures: means of values, and what has no value stays without one. */
import { expect, it } from 'vitest';
import { BINS, halved, imageOf, MISSING, NOT_PENETRATED, SATURATED } from './pyramid';

const WHITE = 65532;
const grey = (width: number, ...values: number[]) => ({
  width,
  height: values.length / width,
  grey: Uint16Array.from(values),
});

it('half a picture is the mean of four', () => {
  expect(halved(grey(4, 10, 20, 1000, 1001, 30, 41, 1002, 1003), WHITE).grey).toEqual(Uint16Array.of(25, 1002));
});

it('one pixel without a value among four says nothing of the others, two do', () => {
  const none = WHITE + NOT_PENETRATED;
  expect([...halved(grey(4, 10, none, 10, none, 20, 30, 20, none), WHITE).grey]).toEqual([20, none]);
});

it('a picture of one row or column is halved too', () => {
  expect([...halved(grey(4, 1, 3, 5, 7), WHITE).grey]).toEqual([2, 6]);
  expect([...halved(grey(1, 1, 3, 5, 7), WHITE).grey]).toEqual([2, 6]);
});

it('values are counted, what is none is not', () => {
  const { histogram } = imageOf(grey(3, 0, WHITE, WHITE + SATURATED, 0, 30000, WHITE + MISSING), WHITE);
  expect(histogram.reduce((sum, n) => sum + n, 0)).toBe(4);
  expect([histogram[0], histogram[BINS - 1]]).toEqual([2, 1]);
});

it('tells whether there are places without a value, and of which kind', () => {
  const values = Array(12).fill(5) as number[];
  const kinds = (over: number) => imageOf(grey(4, ...values.with(5, WHITE + over)), WHITE);
  expect(kinds(0)).toMatchObject({ dense: false, unknown: false });
  expect(kinds(SATURATED)).toMatchObject({ dense: false, unknown: true });
  expect(kinds(NOT_PENETRATED)).toMatchObject({ dense: true, unknown: false });
  expect(kinds(MISSING)).toMatchObject({ dense: false, unknown: true });
  expect(imageOf(grey(2, 0, 255), 255)).toMatchObject({ dense: false, unknown: false });
});
