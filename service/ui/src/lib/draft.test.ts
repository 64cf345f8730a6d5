/** What was typed is there again, for who typed it, and nothing else is taken for it. */
import { beforeEach, expect, it } from 'vitest';
import { forget, keep, kept, same } from './draft';

const LIKE = { note: '', medical: false, counts: ['', ''], notes: {} };
const TYPED = { note: 'à l’avant', medical: true, counts: ['1', ''], notes: { a: 'b' } };
let held: Map<string, string>;
let store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

beforeEach(() => {
  held = new Map();
  store = {
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => void held.set(key, value),
    removeItem: (key) => void held.delete(key),
  };
  keep('anna', 'outcome/1', { typed: TYPED, at_ms: 5, against: '7' }, store);
});

it('is there again, with when it was typed and against what', () => {
  expect(kept('anna', 'outcome/1', LIKE, store)).toEqual({ typed: TYPED, at_ms: 5, against: '7' });
});

it('is of one person and one thing', () => {
  expect(kept('bert', 'outcome/1', LIKE, store)).toBeNull();
  expect(kept('anna', 'outcome/2', LIKE, store)).toBeNull();
});

it('is gone when it was forgotten', () => {
  forget('anna', 'outcome/1', store);
  expect(kept('anna', 'outcome/1', LIKE, store)).toBeNull();
  expect(held.size).toBe(0);
});

it.each([
  ['no JSON', '{'],
  ['another shape', '{"typed":{"note":1}}'],
  ['a part missing', '{"typed":{"note":"","medical":true,"counts":["",""]}}'],
  ['a list of another length', '{"typed":{"note":"","medical":true,"counts":[""],"notes":{}}}'],
  ['parts that are no text', '{"typed":{"note":"","medical":true,"counts":["",2],"notes":{}}}'],
  ['nothing in it', '{}'],
])('is none: %s', (_, text) => {
  held.set('lorryscan.draft/anna/outcome/1', text);
  expect(kept('anna', 'outcome/1', LIKE, store)).toBeNull();
});

it('a tab that may keep nothing loses nothing else', () => {
  const full = { getItem: () => null, removeItem: () => {}, setItem: () => { throw new DOMException('full', 'QuotaExceededError'); } };
  expect(() => keep('anna', 'x', { typed: TYPED, at_ms: 0, against: '' }, full)).not.toThrow();
});

it('two are the same by what they hold', () => {
  expect(same(TYPED, { ...TYPED, counts: ['1', ''] })).toBe(true);
  expect(same(TYPED, { ...TYPED, counts: ['1', '2'] })).toBe(false);
});
