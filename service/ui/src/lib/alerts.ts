/** Which alert comes first, and when people inside are in danger. */
import type { Alert } from './types';

/** How people who were found may be, in the order in which they are asked for. */
export const CONDITIONS = ['well', 'needs_care', 'critical', 'dead'] as const;

/** When danger begins by the lane's estimate, or null where it cannot be told or is never reached. */
export function dangerAt(alert: Pick<Alert, 'minutes_low' | 'raised_utc_ms'>): number | null {
  if (alert.minutes_low === null || alert.minutes_low === 'inf') return null;
  return alert.raised_utc_ms + alert.minutes_low * 60_000;
}

const STEP = { raised: 0, acknowledged: 1, assigned: 1, outcome: 3, closed: 4 } as const;
const ON_SHELF = 2;

/** Whether an alert waits for its outcome. */
export function unsettled(alert: Pick<Alert, 'state'>): boolean {
  return STEP[alert.state] <= 1;
}

/** Whether an alert is laid aside for some minutes. */
export function onShelf(alert: Pick<Alert, 'shelved_until_utc_ms'>): boolean {
  return alert.shelved_until_utc_ms !== null;
}

function step(alert: Alert): number {
  return onShelf(alert) ? ON_SHELF : STEP[alert.state];
}

/**
 * Open alerts in the order to deal with them.
 *
 * What nobody has acknowledged stands before what somebody deals with, that before what is laid aside, and
 * last is what only waits to be closed. Within each: rescues, the newest first; then by the time at which danger begins, those that cannot
 * tell last; then the one that waits longest.
 */
export function inOrder(alerts: Iterable<Alert>): Alert[] {
  return [...alerts].filter((alert) => alert.state !== 'closed').sort(before);
}

function before(one: Alert, other: Alert): number {
  return (
    step(one) - step(other) ||
    Number(one.level !== 'rescue') - Number(other.level !== 'rescue') ||
    (one.level === 'rescue' ? other.raised_utc_ms - one.raised_utc_ms : 0) ||
    sooner(dangerAt(one), dangerAt(other)) ||
    one.raised_utc_ms - other.raised_utc_ms ||
    (one.id < other.id ? -1 : 1)
  );
}

function sooner(one: number | null, other: number | null): number {
  if (one === other) return 0;
  if (one === null) return 1;
  return other === null ? -1 : one - other;
}

/** Closed alerts, the one closed last first. */
export function closedOnes(alerts: Iterable<Alert>): Alert[] {
  const closed = [...alerts].filter((alert) => alert.state === 'closed');
  return closed.sort((one, other) => (other.closed_utc_ms ?? 0) - (one.closed_utc_ms ?? 0));
}

/** The open alerts that nobody has acknowledged, but for those laid aside. */
export function raisedOnes(alerts: Iterable<Alert>): Alert[] {
  return inOrder(alerts).filter((alert) => alert.state === 'raised' && !onShelf(alert));
}
