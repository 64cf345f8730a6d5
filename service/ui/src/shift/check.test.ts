/** The check at the start of a shift. */
import { expect, it } from 'vitest';
import { lane, live } from '../../test/fake';
import type { Device } from '../lib/types';
import { clockAhead, devicesOf, isOfShift, keepCheck, keptCheck, SHIFT_MS } from './check';

function storage(text: string | null = null) {
  return { text, getItem() { return this.text; }, setItem(_: string, value: string) { this.text = value; } };
}

const CHECK = { heard: true, by: 'anna', utc_ms: 1000 };

it('is there again at the same booth', () => {
  const store = storage();
  expect(keptCheck(store)).toBeNull();
  keepCheck(CHECK, store);
  expect(keptCheck(store)).toEqual(CHECK);
});

it.each(['{', 'null', '[]', '{"heard":"yes","by":"anna","utc_ms":1}', '{"heard":true}'])('%s is no check', (text) => {
  expect(keptCheck(storage(text))).toBeNull();
});

it('is of the shift while it is one’s own and no shift old', () => {
  expect(isOfShift(CHECK, 'anna', 1000 + SHIFT_MS - 1)).toBe(true);
  expect(isOfShift(CHECK, 'anna', 1000 + SHIFT_MS)).toBe(false);
  expect(isOfShift(CHECK, 'bert', 1001)).toBe(false);
  expect(isOfShift(null, 'anna', 0)).toBe(false);
});

it('a clock is compared with the middle of question and answer', () => {
  expect(clockAhead(10_000, 10_400, 10_200)).toBe(0);
  expect(clockAhead(10_000, 10_400, 5_200)).toBe(5000);
  expect(clockAhead(10_000, 10_400, 15_200)).toBe(-5000);
});

it('counts devices of lanes that speak, the worst first', () => {
  const device = (name: string, state: Device['state']) => ({ name, state }) as Device;
  const lives = new Map([
    ['north', live(1, { devices: [device('co2', 'ready'), device('geophone', 'degraded')] })],
    ['south', live(1, { devices: [device('camera', 'lost')] })],
    ['west', live(1, { devices: [device('xray', 'lost')] })],
  ]);
  const found = devicesOf([lane('north'), lane('south'), lane('west'), lane('new')], lives, new Set(['west']));
  expect([found.all, found.ready]).toEqual([3, 1]);
  expect(found.others.map((one) => [one.lane, one.device.name])).toEqual([['south', 'camera'], ['north', 'geophone']]);
});
