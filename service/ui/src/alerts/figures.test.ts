/** Figures about alerts are those of the alerts counted. */
import { expect, it } from 'vitest';
import { alert } from '../../test/fake';
import { byHour, HOUR_MS, outcomesOf, scaleEnd, stacked } from './figures';

const NOW = 500_000 * HOUR_MS + 20 * 60_000;
const at = (hours: number, more = {}) => alert(String(hours), { raised_utc_ms: NOW - hours * HOUR_MS, ...more });

it('each alert is in the hour in which it was raised, the present hour last', () => {
  const hours = byHour([at(0), at(0.1, { level: 'rescue' }), at(1), at(7), at(9)], NOW, 8);
  expect(hours.map(({ all }) => all)).toEqual([1, 0, 0, 0, 0, 0, 1, 2]);
  expect(hours.at(-1)).toMatchObject({ from_ms: 500_000 * HOUR_MS, rescue: 1, search: 1 });
});

it('an hour begins on the hour', () => {
  const [before, after] = byHour([at(1 / 3 + 0.001), at(1 / 3)], NOW, 2);
  expect([before!.all, after!.all]).toEqual([1, 1]);
});

it('a bar is made of its levels, rescues at the base', () => {
  const [hour] = byHour([at(0), at(0, { level: 'rescue' }), at(0)], NOW, 1);
  expect(stacked(hour!)).toEqual([{ level: 'rescue', from: 0, to: 1 }, { level: 'search', from: 1, to: 3 }]);
});

it.each([[0, 1], [1, 1], [3, 4], [11, 16], [501, 1000], [1500, 2000]])('a scale for %i ends at %i', (most, end) => {
  expect(scaleEnd(most)).toBe(end);
});

it('outcomes are counted, none too', () => {
  const found = { kind: 'people_found', people: 1, medical_help: false, safeguarding_referral: false, safeguarding_reference: '', note: '', by: '', utc_ms: 0, conditions: null } as const;
  const counted = outcomesOf([at(1, { outcome: found }), at(2, { outcome: { ...found, kind: 'nothing_found' } }), at(3)]);
  expect(counted).toMatchObject({ all: 3, people_found: 1, nothing_found: 1, not_searched: 0, none: 1 });
});

it('half were acknowledged within the middle time; nobody yet is no time', () => {
  const took = (s: number) => at(1, { acknowledged_utc_ms: NOW - HOUR_MS + s * 1000 });
  expect(outcomesOf([took(40), took(10), took(20), at(1)])).toMatchObject({ half_ms: 20_000, slowest_ms: 40_000 });
  expect(outcomesOf([at(1)])).toMatchObject({ half_ms: null, slowest_ms: null });
});
