/** Orders of the page Manage, and small things that need no component. */
import { ask, asQuery } from '../lib/ask';
import type { components } from '../lib/schema';
import type { Lane, Permission, Role } from '../lib/types';

type Schemas = components['schemas'];
export type User = Schemas['User'];
export type Session = Schemas['SessionInfo'];
export type Token = Schemas['TokenInfo'];
export type Entry = Schemas['AuditEntry'];
export type Erased = Schemas['Erased'];

const id = encodeURIComponent;
const ending = (days: number | null, now_ms: number) => ({
  expires_utc_ms: days === null ? null : now_ms + days * 86_400_000,
});

export const admin = {
  users: () => ask<User[]>('GET', '/users'),
  addUser: (name: string, role: Role, password: string) => ask<User>('POST', '/users', { name, role, password }),
  changeUser: (name: string, change: { role?: Role; password?: string; disabled?: boolean }) =>
    ask<User>('PATCH', `/users/${id(name)}`, change),
  sessions: (name: string) => ask<Session[]>('GET', `/users/${id(name)}/sessions`),
  endSessions: (name: string) => ask<void>('DELETE', `/users/${id(name)}/sessions`),

  lanes: () => ask<Lane[]>('GET', '/lanes'),
  laneTokens: (lane: string) => ask<Token[]>('GET', `/lanes/${id(lane)}/tokens`),
  addLane: (lane: string, days: number | null) =>
    ask<{ token: string }>('POST', '/lanes', { id: lane, ...ending(days, Date.now()) }),
  changeLaneToken: (lane: string, days: number | null) =>
    ask<{ token: string }>('POST', `/lanes/${id(lane)}/token`, ending(days, Date.now())),
  revokeLane: (lane: string) => ask<void>('DELETE', `/lanes/${id(lane)}/token`),

  gates: () => ask<Token[]>('GET', '/gates'),
  addGate: (name: string, days: number | null) =>
    ask<{ token: string }>('POST', '/gates', { name, ...ending(days, Date.now()) }),
  changeGateToken: (name: string, days: number | null) =>
    ask<{ token: string }>('POST', `/gates/${id(name)}/token`, ending(days, Date.now())),
  revokeGate: (name: string) => ask<void>('DELETE', `/gates/${id(name)}/token`),

  audit: (query: Record<string, string | number | undefined>, reason: string) =>
    ask<Entry[]>('GET', `/audit/search${asQuery(query)}`, undefined, reason),
  checkpoint: () => ask<Schemas['SignedCheckpoint']>('GET', '/audit/checkpoint'),
  consistency: (from: number, to: number) => ask<Schemas['Consistency']>('GET', `/audit/consistency${asQuery({ from, to })}`),

  erase: (whose: { plate: string } | { scan_id: string }, reason: string) =>
    ask<Erased>('POST', '/privacy/erase', { ...whose, reason }),
};

export const SECTIONS = ['accounts', 'lanes', 'gates', 'audit', 'erase'] as const;
export type Section = (typeof SECTIONS)[number];
const NEEDS: Readonly<Record<Section, Permission>> = {
  accounts: 'manage_accounts',
  lanes: 'manage_lanes',
  gates: 'manage_lanes',
  audit: 'read_audit',
  erase: 'erase',
};

/** The parts of the page that somebody may use. */
export function sectionsOf(permissions: readonly Permission[]): Section[] {
  return SECTIONS.filter((section) => permissions.includes(NEEDS[section]));
}

export const ROLES: readonly Role[] = ['officer', 'supervisor', 'engineer', 'auditor'];

// no letter or digit that is taken for another when it is read out
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A password to begin with, to be read out: four times four letters, 80 bits. */
export function newPassword(random: (bytes: Uint8Array) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string {
  const letters = [...random(new Uint8Array(16))].map((byte) => LETTERS[byte % LETTERS.length]);
  return [0, 4, 8, 12].map((from) => letters.slice(from, from + 4).join('')).join('-');
}

/** What goes into a lane's file beside its token. */
export function laneConfig(url: string): string {
  return `[service]\nurl = "${url}"\ntoken_file = "lane.token"`;
}

/** Days until a token ends, as typed: null where nothing is, `undefined` where it is no whole number of days. */
export function daysOf(typed: string): number | null | undefined {
  const trimmed = typed.trim();
  if (trimmed === '') return null;
  const days = Number(trimmed);
  return Number.isInteger(days) && days >= 1 && days <= 3650 ? days : undefined;
}

/** The first and the last moment of days as a date field gives them, by this machine's clock; nothing typed: nothing. */
export function spanOf(from: string, to: string): { since_utc_ms?: number; until_utc_ms?: number } {
  const at = (day: string, time: string): number => new Date(`${day}T${time}`).getTime();
  return {
    ...(from ? { since_utc_ms: at(from, '00:00:00.000') } : {}),
    ...(to ? { until_utc_ms: at(to, '23:59:59.999') } : {}),
  };
}
