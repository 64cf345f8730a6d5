/**
 * The page's language: `t` gives a text of the catalogue, `said` the sentence of a reason, both switched live.
 *
 * English is in the page itself; all French words are one part of the build, `french.ts`, fetched when they are spoken.
 */
import { Later } from '../lib/later.svelte';
import type { Said } from '../lib/types';
import { alertsEn } from './alerts.en';
import { en as shellEn } from './en';
import type { french } from './french';
import { imagesEn } from './images.en';
import { laneEn } from './lane.en';
import { lifeEn } from './life.en';
import { problemsEn } from './problems.en';

/** A key in two catalogues would hide one text behind the other: then this does not compile. */
type Twice =
  | (keyof typeof shellEn & keyof typeof laneEn)
  | (keyof typeof problemsEn & keyof (typeof shellEn & typeof laneEn))
  | (keyof typeof lifeEn & keyof (typeof shellEn & typeof laneEn & typeof problemsEn))
  | (keyof typeof imagesEn & keyof (typeof shellEn & typeof laneEn & typeof lifeEn & typeof alertsEn & typeof problemsEn))
  | (keyof typeof alertsEn & keyof (typeof shellEn & typeof laneEn & typeof lifeEn & typeof problemsEn));
const TWICE: [Twice] extends [never] ? true : Twice = true;
void TWICE;

const en = { ...shellEn, ...laneEn, ...lifeEn, ...alertsEn, ...imagesEn, ...problemsEn } as const;
type Texts = typeof en;
export type Key = keyof Texts;

/** English, for the tests that compare the languages. */
export const ENGLISH: Readonly<Record<Key, string>> = en;
/** What French has: a text that it lacks does not compile. */
type French = keyof typeof french;
const UNTRANSLATED: [Exclude<Key, French>] extends [never] ? true : Exclude<Key, French> = true;
void UNTRANSLATED;

export type Language = 'en' | 'fr';
export const LANGUAGES: readonly Language[] = ['en', 'fr'];
const LOCALE = { en: 'en-GB', fr: 'fr-FR' } as const;
const REMEMBERED = 'lorryscan.language';

/** The names in braces of a text: `Holes<'{n} of {all}'>` is `'n' | 'all'`. */
type Holes<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;
type Fill<S extends string> = [Holes<S>] extends [never] ? [] : [values: Record<Holes<S>, string | number>];

/** The French words. Another language would be one more of these. */
const frenchWords = new Later<Readonly<Record<string, string>>>(() => import('./french').then((part) => part.french));

let current = $state<Language>('en');
/** The one chosen last, which may still be on its way. */
let chosen = $state<Language>('en');

function remembered(): Language {
  const stored = globalThis.localStorage?.getItem(REMEMBERED);
  if (stored === 'en' || stored === 'fr') return stored;
  return globalThis.navigator?.language?.startsWith('fr') ? 'fr' : 'en';
}

/** The language shown now. */
export function language(): Language {
  return current;
}

/** The language that was chosen and is not shown, and whether its words are on their way or did not come. */
export function awaited(): { language: Language; failed: boolean } | null {
  return chosen === current ? null : { language: chosen, failed: frenchWords.failed && !frenchWords.coming };
}

/** Have all words at hand, so that switching needs no service; whether they are. */
export function learn(): Promise<boolean> {
  return frenchWords.fetch();
}

/** Show the page in another language, and the next time too: at once when its words are here, else when they come. */
export async function speak(wanted: Language): Promise<void> {
  chosen = wanted;
  if (wanted === 'fr' && frenchWords.part === null && !(await learn())) return; // `awaited` says so
  if (chosen !== wanted) return; // another was chosen meanwhile
  current = wanted;
  globalThis.localStorage?.setItem(REMEMBERED, wanted);
}

/** Show the language of the last time, else the browser's. */
export function speakRemembered(): Promise<void> {
  return speak(remembered());
}

/** A text in the current language. */
function word(key: string, english: string): string {
  return (current === 'fr' && frenchWords.part?.[key]) || english;
}

/** The text of `key` in the current language, its {names} filled from `values`; numbers as the language writes them. */
export function t<K extends Key>(key: K, ...[values]: Fill<Texts[K]>): string {
  return fill(word(key, en[key]), values);
}

/**
 * `t` for the texts of one page, which come with its own part of the build.
 *
 * Its catalogues lie beside the page in `words.en.ts` and `words.fr.ts`; their keys begin with the page's name. A
 * text that French does not have, or whose catalogue does not stand in `french.ts`, does not compile.
 */
export function texts<E extends { readonly [K in keyof E]: K extends French ? string : never }>(
  english: E,
): <K extends keyof E & string>(key: K, ...values: Fill<E[K] & string>) => string {
  return (key, ...[values]) => fill(word(key, english[key]), values);
}

/** As `t` for a key made while running; undefined when there is no such text. */
export function maybe(key: string, values?: Record<string, string | number>): string | undefined {
  return key in en ? fill(word(key, en[key as Key]), values) : undefined;
}

function fill(text: string, values: Record<string, string | number> | undefined): string {
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values?.[name];
    if (value === undefined) return hole;
    return typeof value === 'number' ? number(value) : value;
  });
}

/** The sentence of a reason in the current language; a reason without texts shows its code and values. */
export function said(reason: Said): string {
  const text = reason.text?.[current] ?? reason.text?.['en'];
  if (text) return text;
  const values = Object.entries(reason.values ?? {}).map(([name, value]) => `${name} ${value}`);
  return [reason.code, ...values].join(' ');
}

/** One of two texts by language, such as a device's: English stands in for a missing one. */
export function inLanguage(texts: Record<string, string>): string {
  return texts[current] ?? texts['en'] ?? '';
}

/** What writes numbers and times: dear to make, cheap to use, so each is made once. */
const formats = new Map<string, { format: (value: number) => string }>();

function format(name: string, make: (locale: string) => { format: (value: number) => string }, value: number): string {
  const key = current + name;
  const known = formats.get(key) ?? make(LOCALE[current]);
  formats.set(key, known);
  return known.format(value);
}

/** A name and what it is of, with the colon as the language sets it. */
export function pair(name: string, of: string): string {
  return `${name}${current === 'fr' ? '\u00a0' : ''}: ${of}`;
}

/** A number as the language writes it, with up to `digits` places. */
export function number(value: number, digits = 1): string {
  return format(String(digits), (locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: digits }), value);
}

/** The time of day, to the second. */
export function clock(utc_ms: number): string {
  return format('clock', (locale) => new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }), utc_ms);
}

/** The time of day, with the date when it is not today's. */
export function when(utc_ms: number): string {
  const today = new Date().toDateString() === new Date(utc_ms).toDateString();
  if (today) return clock(utc_ms);
  return format('when', (locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' }), utc_ms);
}
