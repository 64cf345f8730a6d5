/** The order of devices: what needs a hand comes first. */
import { describe, expect, it } from 'vitest';
import type { Device } from '../lib/types';
import { byNeed, fails } from './devices';

function device(name: string, state: Device['state']): Device {
  return { name, role: 'inside', state, text: {}, detail: '', newest: {}, since_utc_ms: null };
}

describe('byNeed', () => {
  it('puts lost ones first and keeps the order of equals', () => {
    const devices = [
      device('a', 'ready'),
      device('b', 'degraded'),
      device('c', 'lost'),
      device('d', 'warming_up'),
      device('e', 'lost'),
    ];
    expect(byNeed(devices).map(({ name }) => name)).toEqual(['c', 'e', 'b', 'd', 'a']);
    expect(devices[0]!.name).toBe('a'); // what was given stays as it was
  });

  it('knows which ones fail', () => {
    expect((['lost', 'closed', 'degraded', 'opening', 'warming_up', 'ready'] as const).map((s) => fails(device('', s))))
      .toEqual([true, true, true, false, false, false]);
  });
});
