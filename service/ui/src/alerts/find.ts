/** Finding alerts: what was asked for, as the address and the service have it; and pages of what was found. */
import { ask, asQuery } from '../lib/ask';
import type { Alert, AlarmRates } from '../lib/types';

export const STATES = ['raised', 'acknowledged', 'assigned', 'outcome', 'closed'] as const satisfies readonly Alert['state'][];
export const PAGE = 50;
const MOST = 200;

/** What is asked for, as it stands in the address; empty is any. Times are as `datetime-local` fields have them. */
export interface Wanted {
  state: string;
  level: string;
  lane: string;
  plate: string;
  from: string;
  to: string;
}

const NOTHING: Wanted = { state: '', level: '', lane: '', plate: '', from: '', to: '' };

/** What an address asks for. */
export function wantedOf(query: Readonly<Record<string, string>>): Wanted {
  const names = Object.keys(NOTHING) as (keyof Wanted)[];
  return Object.fromEntries(names.map((name) => [name, query[name] ?? ''])) as unknown as Wanted;
}

/** As the service takes it; a time that is none is left out. */
export function queryOf(wanted: Wanted, more: { before?: string; limit?: number } = {}): Record<string, string | number | undefined> {
  return {
    state: wanted.state || 'all',
    level: wanted.level,
    lane: wanted.lane,
    plate: wanted.plate.trim(),
    since_utc_ms: utcOf(wanted.from),
    until_utc_ms: utcOf(wanted.to),
    ...more,
  };
}

function utcOf(local: string): number | undefined {
  const utc_ms = new Date(local).getTime();
  return Number.isFinite(utc_ms) && utc_ms >= 0 ? utc_ms : undefined;
}

/** One page of what was asked for, the alert raised last first. */
export function alertsFound(wanted: Wanted, before = ''): Promise<Alert[]> {
  return ask<Alert[]>('GET', `/alerts${asQuery(queryOf(wanted, { before, limit: PAGE }))}`);
}

export function alarmRates(): Promise<AlarmRates> {
  return ask<AlarmRates>('GET', '/alarm-rates');
}

/** All alerts raised since a time, at most `most` of them. */
export async function alertsSince(since_utc_ms: number, most = 2000): Promise<Alert[]> {
  const found: Alert[] = [];
  for (;;) {
    const query = { state: 'all', since_utc_ms, limit: MOST, before: found.at(-1)?.id };
    const page = await ask<Alert[]>('GET', `/alerts${asQuery(query)}`);
    found.push(...page);
    if (page.length < MOST || found.length >= most) return found;
  }
}

/** Found alerts as they are now: the stream may have brought newer versions. */
export function asNow(found: readonly Alert[], held: Readonly<Record<string, Alert>>): Alert[] {
  return found.map((alert) => {
    const now = held[alert.id];
    return now && now.version >= alert.version ? now : alert;
  });
}
