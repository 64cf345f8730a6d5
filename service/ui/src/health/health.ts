/** How well each lane is, from what it shows and when it was heard; and the service itself. */
import type { Tone } from '../design/Badge.svelte';
import type { IconName } from '../design/icons';
import { byNeed, fails } from '../lane/devices';
import type { Connection } from '../lib/stream.svelte';
import type { Device, Lane, Live, Said, Scan, Trouble } from '../lib/types';
import type { Ready } from './ready';

/** The worst first. `stale`: the page hears no service; `unheard`: the lane never spoke since the service started. */
export const CONDITIONS = ['stale', 'silent', 'unheard', 'lost', 'fault', 'warming', 'works'] as const;
export type Condition = (typeof CONDITIONS)[number];

export const LOOK = {
  stale: { tone: 'lost', icon: 'stale' },
  silent: { tone: 'lost', icon: 'stale' },
  unheard: { tone: 'lost', icon: 'stale' },
  lost: { tone: 'lost', icon: 'lost' },
  fault: { tone: 'degraded', icon: 'degraded' },
  warming: { tone: 'warming', icon: 'warming' },
  works: { tone: 'ready', icon: 'ready' },
} as const satisfies Record<Condition, { tone: Tone; icon: IconName }>;

/** What is told of it is old, or there is nothing. */
export function isOld(condition: Condition): boolean {
  return condition === 'stale' || condition === 'silent' || condition === 'unheard';
}

export function conditionOf(lane: Lane, live: Live | null, silent: boolean, stale: boolean): Condition {
  if (stale) return 'stale';
  if (silent) return heardMs(lane, live) === 0 ? 'unheard' : 'silent';
  if (live === null) return 'warming';
  if (live.devices.some(({ state }) => state === 'lost' || state === 'closed')) return 'lost';
  if (live.faults.length > 0 || live.devices.some(({ state }) => state === 'degraded')) return 'fault';
  return live.devices.every(({ state }) => state === 'ready') ? 'works' : 'warming';
}

/** When a lane was heard last, by its own view or by the service's word, ms since 1970; 0: never. */
export function heardMs(lane: Lane, live: Live | null): number {
  return Math.max(lane.heard_utc_ms ?? 0, live?.utc_ms ?? 0);
}

/** Devices that somebody has to see to, the lost ones first. */
export function failing(live: Live | null): Device[] {
  return byNeed(live?.devices ?? []).filter(fails);
}

/** How many lanes are in each condition that there is, the worst first. */
export function tally(conditions: readonly Condition[]): { condition: Condition; n: number }[] {
  return CONDITIONS.map((condition) => ({ condition, n: conditions.filter((one) => one === condition).length })).filter(
    ({ n }) => n > 0,
  );
}

/** Codes of the lane's faults that are about what it keeps on its disk. */
const KEEPING = /^(recording_|not_recorded|outbox_|orders_not_kept)/;

/** Faults of recording and disk; none told is all that is known where nothing is wrong. */
export function keepingFaults(live: Live): Said[] {
  return live.faults.filter(({ code }) => KEEPING.test(code));
}

/** Clocks are compared in whole seconds, and a view is up to a second old: less than this is no difference. */
export const CLOCK_AGREES_S = 3;

/** By how many seconds a lane's clock is ahead of the service's; 0 where they agree. */
export function aheadS(live: Live, now_utc_ms: number): number {
  const ahead_s = Math.round((live.utc_ms - now_utc_ms) / 1000);
  return Math.abs(ahead_s) < CLOCK_AGREES_S ? 0 : ahead_s;
}

/** The scan in which a lane spoke last, null when it has not said anything that the page holds. */
export function lastScan(scans: readonly Scan[], lane: string): Scan | null {
  return scans
    .filter((one) => one.lane_id === lane && one.assessed_utc_ms !== null)
    .reduce<Scan | null>((last, one) => (last && last.assessed_utc_ms! >= one.assessed_utc_ms! ? last : one), null);
}

type Versions = Readonly<Record<string, string>>;

/** What a lane runs: as its assessment now says, else its last one. */
export function versionsOf(live: Live | null, last: Scan | null, told: Versions | undefined): Versions {
  const found = [live?.assessment?.versions, last?.assessment?.versions, told];
  return found.find((one) => one && Object.keys(one).length > 0) ?? {};
}

/** Which versions are not the same on all lanes that tell them. */
export function differing(all: readonly Versions[]): string[] {
  const names = [...new Set(all.flatMap(Object.keys))].sort();
  return names.filter((name) => new Set(all.map((one) => one[name]).filter(Boolean)).size > 1);
}

export type ServicePart = 'writes' | 'disk' | 'news' | 'clock' | 'notes';
/** `details` are the service's own words. */
export interface PartHealth {
  part: ServicePart;
  well: boolean | null;
  details: readonly string[];
}

/** Each part of the service; `well` is null where nobody knows. */
export function partsOf(
  ready: Ready | null,
  troubles: readonly Trouble[],
  connection: Connection,
): PartHealth[] {
  const heard = connection === 'live' || connection === 'reconnecting';
  const has = (trouble: Trouble): boolean => troubles.includes(trouble);
  const unless = (trouble: Trouble): boolean | null => (heard ? !has(trouble) : null);
  const writes = ready === null ? null : ready.reasons.length === 0 && !has('store_unavailable');
  return [
    { part: 'writes', well: writes, details: ready?.reasons ?? [] },
    { part: 'disk', well: unless('disk_low'), details: [] },
    { part: 'news', well: connection === 'live' && !has('events_late'), details: [] },
    { part: 'clock', well: unless('clock_stepped'), details: [] },
    { part: 'notes', well: ready === null ? null : ready.warnings.length === 0, details: ready?.warnings ?? [] },
  ];
}
