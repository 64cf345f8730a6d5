/** Counting alerts: by hour, what became of them, how soon somebody took them. */
import type { Alert } from '../lib/types';
import { LEVELS } from './level';

export const HOUR_MS = 3_600_000;

export interface Hour {
  from_ms: number;
  rescue: number;
  search: number;
  officer: number;
  all: number;
}

/** Alerts by the hour in which they were raised last: `n` whole hours, the last one is that of `now_ms`. */
export function byHour(alerts: readonly Alert[], now_ms: number, n: number): Hour[] {
  const first = (Math.floor(now_ms / HOUR_MS) - n + 1) * HOUR_MS;
  const hours: Hour[] = Array.from({ length: n }, (_, i) => ({ from_ms: first + i * HOUR_MS, rescue: 0, search: 0, officer: 0, all: 0 }));
  for (const alert of alerts) {
    const hour = hours[Math.floor((alert.raised_utc_ms - first) / HOUR_MS)];
    if (!hour) continue;
    hour[alert.level] += 1;
    hour.all += 1;
  }
  return hours;
}

/** What is drawn of an hour: from the base up, the most pressing at the base. */
export function stacked(hour: Hour): { level: Alert['level']; from: number; to: number }[] {
  let top = 0;
  return LEVELS.filter((level) => hour[level] > 0).map((level) => ({ level, from: top, to: (top += hour[level]) }));
}

/** A round number at or above `most`, for the end of the scale. */
export function scaleEnd(most: number): number {
  return [1, 2, 4, 6, 10, 16, 20, 30, 50, 80, 100, 200, 500].find((end) => end >= most) ?? Math.ceil(most / 1000) * 1000;
}

export interface Outcomes {
  all: number;
  people_found: number;
  nothing_found: number;
  not_searched: number;
  none: number;
  /** Half of those acknowledged were so within this; null without any. */
  half_ms: number | null;
  slowest_ms: number | null;
}

export function outcomesOf(alerts: readonly Alert[]): Outcomes {
  const counted = { people_found: 0, nothing_found: 0, not_searched: 0, none: 0 };
  for (const alert of alerts) counted[alert.outcome?.kind ?? 'none'] += 1;
  const took = alerts
    .filter((alert) => alert.acknowledged_utc_ms !== null)
    .map((alert) => Math.max(0, alert.acknowledged_utc_ms! - alert.raised_utc_ms))
    .sort((one, other) => one - other);
  return { all: alerts.length, ...counted, half_ms: took[Math.ceil(took.length / 2) - 1] ?? null, slowest_ms: took.at(-1) ?? null };
}
