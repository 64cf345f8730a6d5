/** The check at the start of a shift: what was heard at this booth, what is live, whose clock is wrong. */
import type { Device, Lane, Live, SoundCheck } from '../lib/types';
import { byNeed } from '../lane/devices';

const KEPT = 'lorryscan.soundcheck';
/** As long as a session can last: an older check was another shift's. */
export const SHIFT_MS = 12 * 3_600_000;
export const CLOCK_LIMIT_MS = 2000;

type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** Keep the check for this booth: the loudspeaker is the machine's. */
export function keepCheck(check: SoundCheck, store: Store = localStorage): void {
  try {
    store.setItem(KEPT, JSON.stringify(check));
  } catch {
    // the audit log has it; the page asks again after a reload
  }
}

export function keptCheck(store: Store = localStorage): SoundCheck | null {
  try {
    const { heard, by, utc_ms } = JSON.parse(store.getItem(KEPT) ?? '{}') as Partial<SoundCheck>;
    return typeof heard === 'boolean' && typeof by === 'string' && typeof utc_ms === 'number' ? { heard, by, utc_ms } : null;
  } catch {
    return null;
  }
}

/** Whether a check is this officer's own, of this shift. */
export function isOfShift(check: SoundCheck | null, name: string, now_ms: number): check is SoundCheck {
  return check !== null && check.by === name && now_ms - check.utc_ms < SHIFT_MS;
}

/** How far this machine's clock is ahead of the service's, ms; the answer was made half way between asking and its arrival. */
export function clockAhead(asked_ms: number, answered_ms: number, service_ms: number): number {
  return (asked_ms + answered_ms) / 2 - service_ms;
}

export interface Devices {
  all: number;
  ready: number;
  /** Those that are not ready, the worst first. */
  others: { lane: string; device: Device }[];
}

/** Devices of all lanes that speak. */
export function devicesOf(lanes: readonly Lane[], lives: ReadonlyMap<string, Live>, silent: ReadonlySet<string>): Devices {
  const told = lanes.filter((lane) => !silent.has(lane.id)).flatMap((lane) => (lives.get(lane.id)?.devices ?? []).map((device) => ({ lane: lane.id, device })));
  const worst = byNeed(told.map(({ device }) => device));
  const others = worst.filter(({ state }) => state !== 'ready').map((device) => told.find((one) => one.device === device)!);
  return { all: told.length, ready: told.length - others.length, others };
}
