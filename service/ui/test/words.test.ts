/** Both languages say the same: no hole is missing, and French has its no-break spaces. */
import { expect, it } from 'vitest';
import { CATALOGUE, maybe, said, speak, t } from '../src/i18n/index.svelte';

const keys = Object.keys(CATALOGUE.en) as (keyof typeof CATALOGUE.en)[];
const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();

it('each text has the same holes in both languages', () => {
  const differing = keys.filter((key) => `${holes(CATALOGUE.fr[key])}` !== `${holes(CATALOGUE.en[key])}`);
  expect(differing).toEqual([]);
});

it('French has a no-break space before : ; ? ! and the typographic apostrophe', () => {
  const wrong = Object.entries(CATALOGUE.fr).filter(([, text]) => /[^\u00a0\d][:;?!](\s|$)|\w'\w/.test(text));
  expect(wrong).toEqual([]);
});

it('English has the typographic apostrophe', () => {
  expect(Object.entries(CATALOGUE.en).filter(([, text]) => /\w'\w/.test(text))).toEqual([]);
});

it('numbers are written as the language writes them', () => {
  speak('fr');
  expect(t('problem_too_many_logins', { seconds: 1.5 })).toContain('1,5');
  speak('en');
  expect(t('problem_too_many_logins', { seconds: 1.5 })).toContain('1.5');
});

it('a reason is said in the language shown', () => {
  const reason = { code: 'x', values: {}, text: { en: 'yes', fr: 'oui' } };
  speak('fr');
  expect(said(reason)).toBe('oui');
  speak('en');
  expect(said(reason)).toBe('yes');
});

it('a reason without texts shows its code and values', () => {
  expect(said({ code: 'new_code', values: { n: 2 }, text: {} })).toBe('new_code n 2');
});

it('a text that does not exist is told apart from one that does', () => {
  expect(maybe('no_such_key')).toBeUndefined();
  expect(maybe('product')).toBe('lorryscan');
});
