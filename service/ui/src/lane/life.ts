/** The time to danger at this moment: what an assessment said, less the time that has passed since. */
import type { LifeRisk } from '../lib/types';

export type LifeNow =
  /** Cannot be told: says nothing about there being time. */
  | { kind: 'unknown' }
  /** CO2 does not reach the danger level. */
  | { kind: 'never' }
  /** The earliest moment has come. */
  | { kind: 'now' }
  /** Not before `low_min`; `high_min` null = no upper bound, "inf" = perhaps never. Whole minutes, to the safe side. */
  | { kind: 'from'; low_min: number; high_min: number | 'inf' | null; counted: boolean };

/**
 * Count down from the time of the assessment. `assessed_ms` null = not known: then nothing is counted, and
 * `counted` says so. Clocks that differ never give more time than the assessment did.
 */
export function lifeNow(risk: LifeRisk, assessed_ms: number | null, now_ms: number): LifeNow {
  if (risk.minutes_low === null) return { kind: 'unknown' };
  if (risk.minutes_low === 'inf') return { kind: 'never' };
  const passed_min = assessed_ms === null ? 0 : Math.max(0, now_ms - assessed_ms) / 60_000;
  const low = risk.minutes_low - passed_min;
  if (low <= 0) return { kind: 'now' };
  const high = risk.minutes_high;
  return {
    kind: 'from',
    low_min: Math.floor(low),
    high_min: typeof high === 'number' ? Math.max(0, Math.ceil(high - passed_min)) : high,
    counted: assessed_ms !== null,
  };
}

/** How pressing a time is: `danger` now or within ten minutes, `soon` within the hour. */
export function urgency(life: LifeNow): 'danger' | 'soon' | 'calm' | 'unknown' {
  if (life.kind === 'unknown') return 'unknown';
  if (life.kind === 'never') return 'calm';
  if (life.kind === 'now' || life.low_min < 10) return 'danger';
  return life.low_min <= 60 ? 'soon' : 'calm';
}

type Minutes = number | 'inf';

/** One limit of the air at this moment: minutes left, to the safe side. */
export interface LimitNow {
  gas: string;
  limit: number;
  low_min: Minutes;
  likely_min: Minutes;
  high_min: Minutes;
}

/** The limits of an assessment, counted down like its clock; none where the air inside was not estimated. */
export function limitsNow(risk: LifeRisk, assessed_ms: number | null, now_ms: number): LimitNow[] {
  const passed_min = assessed_ms === null ? 0 : Math.max(0, now_ms - assessed_ms) / 60_000;
  const left = (minutes: Minutes, whole: (n: number) => number): Minutes =>
    minutes === 'inf' ? 'inf' : Math.max(0, whole(minutes - passed_min));
  return (risk.limits ?? []).map(({ gas, limit, low, likely, high }) => ({
    gas,
    limit,
    low_min: left(low, Math.floor),
    likely_min: left(likely, Math.floor),
    high_min: left(high, Math.ceil),
  }));
}

type Band =
  | { kind: 'is_now' | 'perhaps_now_never' | 'not_reached' }
  | { kind: 'perhaps_now'; likely_min: number }
  | { kind: 'between'; low_min: number; likely_min: number; high_min: number }
  | { kind: 'between_open'; low_min: number; likely_min: number }
  | { kind: 'between_open_never'; low_min: number };

/** Which words a band of minutes needs. */
export function bandNow({ low_min, likely_min, high_min }: LimitNow): Band {
  if (low_min === 'inf') return { kind: 'not_reached' };
  if (likely_min === 'inf') return low_min === 0 ? { kind: 'perhaps_now_never' } : { kind: 'between_open_never', low_min };
  if (likely_min === 0) return { kind: 'is_now' };
  if (low_min === 0) return { kind: 'perhaps_now', likely_min };
  if (high_min === 'inf') return { kind: 'between_open', low_min, likely_min };
  return { kind: 'between', low_min, likely_min, high_min };
}

/** Minutes until cold or heat may kill, counted down; null = not told. */
export function temperatureMinutes(risk: LifeRisk, assessed_ms: number | null, now_ms: number): number | null {
  const minutes = risk.temperature?.minutes_low ?? null;
  if (minutes === null) return null;
  const passed_min = assessed_ms === null ? 0 : Math.max(0, now_ms - assessed_ms) / 60_000;
  return Math.max(0, Math.floor(minutes - passed_min));
}
