import { expect, it } from 'vitest';
import { speak } from '../i18n/index.svelte';
import { ofHundred, oneIn, percent, reportAddress, verdictOf } from './validation';

const lane = (lane_id: string, code: boolean | null, policy: boolean | null = true) => ({
  lane_id, code, policy, models: true, calibrations: true,
});

it('shares have the digits that small ones need', () => {
  speak('en');
  expect([0, 1, 0.8825, 0.0192, 0.00002538].map(percent)).toEqual(['0%', '100%', '88.3%', '1.92%', '0.0025%']);
  speak('fr');
  expect(percent(0.0192)).toContain('1,92');
  expect(percent(null)).toBe('–');
  speak('en');
});

it('a lane that differs is never among those that are the same or not known', () => {
  const told = verdictOf([lane('a', true), lane('b', false, null), lane('c', null), lane('d', false, false)]);
  expect(told).toEqual({
    same: ['a'],
    other: [{ lane: 'b', parts: ['code'] }, { lane: 'd', parts: ['code', 'policy'] }],
    unknown: ['c'],
  });
});

it('base rates and alarms are told in whole lorries', () => {
  expect([0.01, 0.001, 0.0001].map(oneIn)).toEqual([100, 1000, 10_000]);
  expect([0.6016, 0.1301, 0.0147, 0.00004].map(ofHundred)).toEqual([60, 13, 1.5, 0]);
});

it('a name cannot lead the address elsewhere', () => {
  expect(reportAddress('../x?y', 'fr')).toBe('/api/v1/validation/..%2Fx%3Fy/report?language=fr');
});
