/** Both languages say the same: no hole is missing, and French has its no-break spaces. */
import { expect, it } from 'vitest';
import { french as whole } from '../src/i18n/french';
import { ENGLISH, maybe, said, speak, t } from '../src/i18n/index.svelte';

type Texts = Record<string, string>;
type Module = Record<string, Texts>;

/** A page's catalogues: `words.en.ts` and `words.fr.ts`, each of which exports one object of texts. */
const english = import.meta.glob<Module>('../src/*/words.en.ts', { eager: true });
const french = import.meta.glob<Module>('../src/*/words.fr.ts', { eager: true });
const only = (module: Module): Texts => Object.values(module)[0]!;
const pages = Object.entries(english).map(([path, module]) => ({
  en: only(module),
  fr: only(french[path.replace('.en.', '.fr.')]!),
}));
const all: { en: Texts; fr: Texts }[] = [{ en: ENGLISH, fr: whole }, ...pages];
const keys = all.flatMap(({ en }) => Object.keys(en));
const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();

it('each text has the same holes in both languages', () => {
  const differing = all.flatMap(({ en, fr }) => Object.keys(en).filter((key) => `${holes(fr[key]!)}` !== `${holes(en[key]!)}`));
  expect(differing).toEqual([]);
});

it('the part that is fetched for French has every text of the shell and of each page, and no other', () => {
  expect(Object.keys(whole).sort()).toEqual([...keys].sort());
  expect(pages.flatMap(({ fr }) => Object.keys(fr)).filter((key) => !keys.includes(key))).toEqual([]);
});

it('no key stands in two catalogues', () => {
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
});

it('French has a no-break space before : ; ? ! and the typographic apostrophe', () => {
  const wrong = Object.entries(whole).filter(([, text]) => /[^\u00a0\d][:;?!](\s|$)|\w'\w/.test(text));
  expect(wrong).toEqual([]);
});

it('English has the typographic apostrophe', () => {
  expect(all.flatMap(({ en }) => Object.values(en)).filter((text) => /\w'\w/.test(text))).toEqual([]);
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
