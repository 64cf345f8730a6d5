/** Parts that did not change stay the same objects, and nothing else does. */
import { expect, it } from 'vitest';
import search from '../design/fixtures/search.json';
import { shared } from './shared';

const copy = <T>(of: T): T => structuredClone(of);

it('a view that says the same is the one before', () => {
  const before = copy(search);
  expect(shared(before, copy(search))).toBe(before);
});

it('says all that came, and keeps each part that did not change', () => {
  const before = copy(search);
  const now = copy(search);
  now.elapsed_s += 1;
  now.assessment.posterior = 0.5;
  const wanted = copy(now);
  const taken = shared(before, now);
  expect(taken).toEqual(wanted);
  expect(taken).not.toBe(before);
  expect(taken.devices).toBe(before.devices);
  expect(taken.assessment).not.toBe(before.assessment);
  expect(taken.assessment.evidences).toBe(before.assessment.evidences);
});

it.each([
  ['a part that came', {}, { a: undefined }],
  ['a part that went', { a: 1, b: 2 }, { a: 1 }],
  ['an element that went', [1, 2], [1]],
  ['a list in place of an object', { 0: 1 }, [1]],
  ['nothing in place of something', { a: {} }, { a: null }],
  ['something in place of nothing', { a: null }, { a: {} }],
  ['a number in place of a text', { a: '1' }, { a: 1 }],
])('%s is a change', (_what, before, now) => {
  const wanted = copy(now);
  const taken = shared(before, now);
  expect(taken).toStrictEqual(wanted);
  expect(taken).not.toBe(before);
});
