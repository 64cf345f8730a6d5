/** The page's language: `t` gives a text of the catalogue, `said` the sentence of a reason, both switched live. */
import type { Said } from '../lib/types';
import { alertsEn } from './alerts.en';
import { alertsFr } from './alerts.fr';
import { en as shellEn } from './en';
import { fr as shellFr } from './fr';
import { imagesEn } from './images.en';
import { imagesFr } from './images.fr';
import { laneEn } from './lane.en';
import { laneFr } from './lane.fr';
import { lifeEn } from './life.en';
import { lifeFr } from './life.fr';
import { problemsEn } from './problems.en';
import { problemsFr } from './problems.fr';

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

const fr: Record<Key, string> = { ...shellFr, ...laneFr, ...lifeFr, ...alertsFr, ...imagesFr, ...problemsFr };
/** Both languages, for the tests that compare them. */
export const CATALOGUE = { en, fr } satisfies Record<string, Record<Key, string>>;

export type Language = keyof typeof CATALOGUE;
export const LANGUAGES: readonly Language[] = ['en', 'fr'];
const LOCALE = { en: 'en-GB', fr: 'fr-FR' } as const;
const REMEMBERED = 'lorryscan.language';

/** The names in braces of a text: `Holes<'{n} of {all}'>` is `'n' | 'all'`. */
type Holes<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;
type Fill<S extends string> = [Holes<S>] extends [never] ? [] : [values: Record<Holes<S>, string | number>];

let current = $state<Language>(remembered());

function remembered(): Language {
  const stored = globalThis.localStorage?.getItem(REMEMBERED);
  if (stored === 'en' || stored === 'fr') return stored;
  return globalThis.navigator?.language?.startsWith('fr') ? 'fr' : 'en';
}

/** The language shown now. */
export function language(): Language {
  return current;
}

/** Show the page in another language, and the next time too. */
export function speak(chosen: Language): void {
  current = chosen;
  globalThis.localStorage?.setItem(REMEMBERED, chosen);
}

/** The text of `key` in the current language, its {names} filled from `values`; numbers as the language writes them. */
export function t<K extends Key>(key: K, ...[values]: Fill<Texts[K]>): string {
  return fill(CATALOGUE[current][key], values);
}

/**
 * `t` for the texts of one page, which come with its own part of the build.
 *
 * Its catalogues lie beside the page in `words.en.ts` and `words.fr.ts`; their keys begin with the page's name.
 */
export function texts<E extends Readonly<Record<string, string>>>(
  en: E,
  fr: Readonly<Record<keyof E, string>>,
): <K extends keyof E>(key: K, ...values: Fill<E[K]>) => string {
  const all = { en, fr };
  return (key, ...[values]) => fill(all[current][key], values);
}

/** As `t` for a key made while running; undefined when there is no such text. */
export function maybe(key: string, values?: Record<string, string | number>): string | undefined {
  return key in en ? fill(CATALOGUE[current][key as Key], values) : undefined;
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
