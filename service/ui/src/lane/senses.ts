/** What each sensor listens for and what it says now: from roles of devices to methods and back. */
import type { IconName } from '../design/icons';
import type { Assessment, Device, Evidence } from '../lib/types';

/** What is asked of an assessment here. */
export type Heard = Pick<Assessment, 'evidences' | 'fused' | 'reasons'>;

/** The methods that a sensor of this role answers for; a reference answers for none alone. */
const METHODS: Record<string, readonly string[]> = {
  inside: ['co2'],
  chassis: ['heartbeat', 'movement'],
  doors: ['thermal'],
  portal: ['xray'],
};

/** The roles that a method cannot do without, or is better with. */
const ROLES: Record<string, readonly string[]> = {
  co2: ['inside', 'outside'],
  heartbeat: ['chassis', 'ground'],
  movement: ['chassis', 'ground'],
  thermal: ['doors'],
  xray: ['portal', 'generator'],
};

const ICON: Record<string, IconName> = {
  inside: 'gas',
  outside: 'gas',
  chassis: 'geophone',
  ground: 'geophone',
  air: 'gas',
  doors: 'camera',
  portal: 'portal',
  generator: 'portal',
};

export function iconOf(role: string): IconName {
  return ICON[role] ?? 'gear';
}

export function methodsOf(role: string): readonly string[] {
  return METHODS[role] ?? [];
}

/** The sensors that a method listens to. */
export function sensorsOf(method: string, devices: readonly Device[]): string[] {
  return devices.filter(({ role }) => ROLES[method]?.includes(role)).map(({ name }) => name);
}

/** What a method adds to the sum; a lane that does not tell leaves the method's own ratio. */
export function adds({ modality, llr, state }: Evidence, fused: Assessment['fused'] | undefined): number {
  if (state !== 'ready') return 0;
  return fused ? (fused.shares[modality] ?? 0) : llr;
}

/** Which way a ratio speaks: within 1.1 to 1 it speaks neither way. */
export function wayOf(llr: number): 'people' | 'empty' | 'neither' {
  if (Math.abs(llr) < 0.1) return 'neither';
  return llr > 0 ? 'people' : 'empty';
}

/** What a role's methods say together, and how many of them answered. */
export interface Says {
  kind: 'people' | 'empty' | 'neither' | 'pending' | 'unavailable';
  llr: number;
  answered: number;
  of: number;
}

/** What the methods of a role say together; null = it has none, or nothing was assessed. */
export function says(heard: Heard | null, role: string): Says | null {
  const methods = methodsOf(role);
  const own = heard?.evidences.filter(({ modality }) => methods.includes(modality)) ?? [];
  if (own.length === 0) return null;
  const ready = own.filter(({ state }) => state === 'ready');
  const llr = ready.reduce((sum, evidence) => sum + adds(evidence, heard?.fused), 0);
  const silent = own.some(({ state }) => state === 'pending') ? 'pending' : 'unavailable';
  return { kind: ready.length ? wayOf(llr) : silent, llr, answered: ready.length, of: own.length };
}

/** The method of which most is expected now; "" = none is named. */
export function helpsMost(heard: Heard | null): string {
  const reason = heard?.reasons.find(({ code }) => code === 'would_help_most');
  return String(reason?.values?.['modality'] ?? '');
}

/** Which part of the beats' energy each channel of the chassis saw; none unless the heartbeat speaks for people. */
export function seenAt(heard: Heard | null): Map<string, number> {
  const heartbeat = heard?.evidences.find(({ modality }) => modality === 'heartbeat');
  const found = new Map<string, number>();
  if (!heartbeat || wayOf(adds(heartbeat, heard?.fused)) !== 'people') return found;
  for (const [name, share] of Object.entries(heartbeat.features)) {
    if (name.startsWith('seen_') && typeof share === 'number') found.set(name.slice(5), share);
  }
  return found;
}
