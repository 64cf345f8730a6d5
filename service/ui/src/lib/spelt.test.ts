import { afterEach, expect, it } from 'vitest';
import { speak } from '../i18n/index.svelte';
import { spelt } from './spelt';

afterEach(() => speak('en'));

it('a month is a word, so that day and month are not mistaken for one another', () => {
  expect(spelt('2026-03-04T22:05')).toBe('4 Mar 2026, 22:05');
  speak('fr');
  expect(spelt('2026-03-04T22:05')).toBe('4 mars 2026, 22:05');
});

it('a day has no time', () => {
  expect(spelt('2026-03-04')).toBe('4 Mar 2026');
});

it('nothing is said of nothing', () => {
  expect(spelt('')).toBe('');
});
