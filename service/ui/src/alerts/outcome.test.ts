/** What is typed about an outcome becomes what the service takes, and back. */
import { expect, it } from 'vitest';
import type { Outcome } from '../lib/types';
import { faultsOf, isOwn, requestOf, typedOf } from './outcome';

const FOUND: Outcome = {
  kind: 'people_found', people: 3, conditions: { well: 1, needs_care: 2, critical: 0, dead: 0 }, medical_help: true,
  safeguarding_referral: true, safeguarding_reference: 'R-17', note: 'à l’avant', by: 'anna', utc_ms: 5,
};
const NONE = { kind: false, people: false, conditions: false, note: false };

it('an outcome goes into the form and comes out as it was', () => {
  const { by: _by, utc_ms: _at, ...asked } = FOUND;
  expect(requestOf(typedOf(FOUND))).toEqual(asked);
  expect(faultsOf(typedOf(FOUND))).toEqual(NONE);
});

it('an empty form lacks the kind, nothing else', () => {
  expect(faultsOf(typedOf(null))).toEqual({ ...NONE, kind: true });
});

it.each(['', '0', '-1', '1.5', '1000', 'three'])('%s is no number of people', (people) => {
  expect(faultsOf({ ...typedOf(null), kind: 'people_found', people }).people).toBe(true);
});

it('conditions add up to the number, or none is given', () => {
  const typed = { ...typedOf(null), kind: 'people_found', people: '3' };
  expect(faultsOf(typed)).toEqual(NONE);
  expect(faultsOf({ ...typed, conditions: ['1', '', '1', ''] }).conditions).toBe(true);
  expect(faultsOf({ ...typed, conditions: ['1', 'x', '2', ''] }).conditions).toBe(true);
  expect(faultsOf({ ...typed, conditions: ['1', '', '2', ''] })).toEqual(NONE);
});

it('not searched needs its reason', () => {
  expect(faultsOf({ ...typedOf(null), kind: 'not_searched', note: ' ' }).note).toBe(true);
});

it('what belongs to people is not sent when nothing was found', () => {
  const asked = requestOf({ ...typedOf(FOUND), kind: 'nothing_found' });
  expect(asked).toMatchObject({ people: null, conditions: null, medical_help: false, safeguarding_reference: '' });
});

it('what came through although its answer was lost is one\u2019s own, another\u2019s or a changed one is not', () => {
  expect(isOwn(FOUND, typedOf(FOUND), 'anna')).toBe(true);
  expect(isOwn(FOUND, typedOf(FOUND), 'ben')).toBe(false);
  expect(isOwn(FOUND, { ...typedOf(FOUND), people: '4' }, 'anna')).toBe(false);
});
