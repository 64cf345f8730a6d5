/** What a validation report's figures say, in numbers that an officer reads. */
import { number, t } from '../i18n/index.svelte';
import type { components } from '../lib/schema';

type Schemas = components['schemas'];
export type Reports = Schemas['ValidationReports'];
export type Report = Schemas['ValidationReport'];
export type Figures = NonNullable<Report['figures']>;
export type Share = Schemas['ShareTold'];
export type Method = Schemas['MethodTold'];
export type Predictive = Schemas['PredictiveTold'];
type Same = Schemas['SameAsLane'];

/** A share in per cent with as many digits as small ones need, as the report writes it; a dash for none. */
export function percent(share: number | null): string {
  if (share === null) return '–';
  const digits = share === 0 || share === 1 ? 0 : share >= 0.0995 ? 1 : 2;
  const small = share > 0 && share < 0.001;
  return t('percent', { n: small ? number(Number((share * 100).toPrecision(2)), 8) : number(share * 100, digits) });
}

export const PARTS = ['code', 'models', 'calibrations', 'policy'] as const;
export type Part = (typeof PARTS)[number];

export interface Verdict {
  /** Lanes that run in everything what was judged. */
  same: string[];
  /** Lanes that run something else, and in what. */
  other: { lane: string; parts: Part[] }[];
  /** Lanes of which something is not known, and nothing differs. */
  unknown: string[];
}

/** Whether the lanes run what a report judged. */
export function verdictOf(lanes: readonly Same[]): Verdict {
  const verdict: Verdict = { same: [], other: [], unknown: [] };
  for (const lane of lanes) {
    const parts = PARTS.filter((part) => lane[part] === false);
    if (parts.length > 0) verdict.other.push({ lane: lane.lane_id, parts });
    else if (PARTS.every((part) => lane[part])) verdict.same.push(lane.lane_id);
    else verdict.unknown.push(lane.lane_id);
  }
  return verdict;
}

/** How many lorries there are to one with people. */
export function oneIn(base_rate: number): number {
  return Math.round(1 / base_rate);
}

/** Of 100 alarms, how many find somebody; one digit where there are few. */
export function ofHundred(share: number): number {
  const hundred = share * 100;
  return hundred < 10 ? Math.round(hundred * 10) / 10 : Math.round(hundred);
}

/** The report as this page shows it. */
export function reportAddress(name: string, language: string): string {
  return `/api/v1/validation/${encodeURIComponent(name)}/report?language=${language}`;
}
