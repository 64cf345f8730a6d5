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
