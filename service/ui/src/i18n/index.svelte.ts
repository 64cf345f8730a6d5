/** The page's language: `t` gives a text of the catalogue, `said` the sentence of a reason, both switched live. */
import type { Said } from '../lib/types';
import { alertsEn } from './alerts.en';
import { alertsFr } from './alerts.fr';
import { en as shellEn } from './en';
import { fr as shellFr } from './fr';
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
  | (keyof typeof alertsEn & keyof (typeof shellEn & typeof laneEn & typeof lifeEn & typeof problemsEn));
const TWICE: [Twice] extends [never] ? true : Twice = true;
void TWICE;

const en = { ...shellEn, ...laneEn, ...lifeEn, ...alertsEn, ...problemsEn } as const;
type Texts = typeof en;
export type Key = keyof Texts;

const fr: Record<Key, string> = { ...shellFr, ...laneFr, ...lifeFr, ...alertsFr, ...problemsFr };
/** Both languages, for the tests that compare them. */
export const CATALOGUE = { en, fr } satisfies Record<string, Record<Key, string>>;

export type Language = keyof typeof CATALOGUE;
export const LANGUAGES: readonly Language[] = ['en', 'fr'];
const LOCALE = { en: 'en-GB', fr: 'fr-FR' } as const;
const REMEMBERED = 'lorryscan.language';

/** The names in braces of a text: `Holes<'{n} of {all}'>` is `'n' | 'all'`. */
type Holes<S extends string> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;
type Fill<K extends Key> = [Holes<Texts[K]>] extends [never]
  ? []
  : [values: Record<Holes<Texts[K]>, string | number>];

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
export function t<K extends Key>(key: K, ...[values]: Fill<K>): string {
  return fill(CATALOGUE[current][key], values);
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

/** A number as the language writes it, with up to `digits` places. */
export function number(value: number, digits = 1): string {
  return new Intl.NumberFormat(LOCALE[current], { maximumFractionDigits: digits }).format(value);
}

/** The time of day, to the second. */
export function clock(utc_ms: number): string {
  return new Intl.DateTimeFormat(LOCALE[current], { timeStyle: 'medium' }).format(utc_ms);
}

/** The time of day, with the date when it is not today's. */
export function when(utc_ms: number): string {
  const today = new Date().toDateString() === new Date(utc_ms).toDateString();
  if (today) return clock(utc_ms);
  return new Intl.DateTimeFormat(LOCALE[current], { dateStyle: 'short', timeStyle: 'short' }).format(utc_ms);
}
