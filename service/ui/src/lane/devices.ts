/** Devices in the order in which they need attention, and how each state looks. */
import type { Tone } from '../design/Badge.svelte';
import type { IconName } from '../design/icons';
import type { Key } from '../i18n/index.svelte';
import type { Device } from '../lib/types';

type DeviceState = Device['state'];

interface Look {
  rank: number;
  tone: Tone;
  icon: IconName;
  word: Key;
}

export const LOOK = {
  lost: { rank: 0, tone: 'lost', icon: 'lost', word: 'state_lost' },
  closed: { rank: 1, tone: 'lost', icon: 'closed', word: 'state_closed' },
  degraded: { rank: 2, tone: 'degraded', icon: 'degraded', word: 'state_degraded' },
  opening: { rank: 3, tone: 'warming', icon: 'warming', word: 'state_opening' },
  warming_up: { rank: 4, tone: 'warming', icon: 'warming', word: 'state_warming_up' },
  ready: { rank: 5, tone: 'ready', icon: 'ready', word: 'state_ready' },
} as const satisfies Record<DeviceState, Look>;

/** Lost ones first, ready ones last; equals stay in the lane's own order. */
export function byNeed(devices: readonly Device[]): Device[] {
  return [...devices].sort((a, b) => LOOK[a.state].rank - LOOK[b.state].rank);
}

/** Whether somebody has to do something about it. */
export function fails(device: Device): boolean {
  return LOOK[device.state].rank <= LOOK.degraded.rank;
}
