/** What a sensor says: the share of its methods in the sum; no answer is never a sign of an empty lorry. */
import { describe, expect, it } from 'vitest';
import type { Device, Evidence } from '../lib/types';
import { helpsMost, says, seenAt, sensorsOf, wayOf, type Heard } from './senses';

function evidence(modality: string, state: Evidence['state'], llr = 0, features: Evidence['features'] = {}): Evidence {
  return { modality, state, llr, reason: null, score: null, features, boxes: [], curves: [], calibration: '', model: '' };
}

function heard(evidences: Evidence[], shares: Record<string, number> | null = null): Heard {
  const llr = Object.values(shares ?? {}).reduce((a, b) => a + b, 0);
  return { evidences, reasons: [], fused: shares && { llr, bound: 5, shares } };
}

describe('says', () => {
  it('adds what its methods added to the sum, not what each says alone', () => {
    const both = [evidence('heartbeat', 'ready', 3), evidence('movement', 'ready', 4)];
    expect(says(heard(both, { heartbeat: 0.5, movement: 1 }), 'chassis')).toMatchObject({ kind: 'people', llr: 1.5, answered: 2, of: 2 });
    expect(says(heard(both), 'chassis')).toMatchObject({ llr: 7 }); // a lane that tells no shares
  });

  it('keeps no answer apart from an answer that speaks neither way', () => {
    expect(says(heard([evidence('co2', 'unavailable')]), 'inside')?.kind).toBe('unavailable');
    expect(says(heard([evidence('co2', 'pending')]), 'inside')?.kind).toBe('pending');
    expect(says(heard([evidence('co2', 'ready', 0.01)], { co2: 0.01 }), 'inside')?.kind).toBe('neither');
    expect(says(heard([evidence('co2', 'ready', -2)], { co2: -2 }), 'inside')?.kind).toBe('empty');
  });

  it('tells how many of its methods answered', () => {
    const half = heard([evidence('heartbeat', 'pending'), evidence('movement', 'ready', 1)], { movement: 1 });
    expect(says(half, 'chassis')).toMatchObject({ kind: 'people', answered: 1, of: 2 });
  });

  it('lets a reference and an empty lane say nothing', () => {
    expect(says(heard([evidence('co2', 'ready', 2)]), 'outside')).toBeNull();
    expect(says(null, 'inside')).toBeNull();
  });
});

describe('seenAt', () => {
  const features = { seen_c1: 0.2, seen_c2: 0.8, bpm: 70 };

  it('tells channels of a heart that speaks for people', () => {
    expect([...seenAt(heard([evidence('heartbeat', 'ready', 3, features)], { heartbeat: 2 }))]).toEqual([['c1', 0.2], ['c2', 0.8]]);
  });

  it('draws no heart where none speaks for people', () => {
    expect(seenAt(heard([evidence('heartbeat', 'ready', -1, features)], { heartbeat: -1 })).size).toBe(0);
    expect(seenAt(heard([evidence('heartbeat', 'pending', 0, features)])).size).toBe(0);
    expect(seenAt(null).size).toBe(0);
  });
});

it('finds the sensors of a method, references too', () => {
  const devices = [{ name: 'a', role: 'inside' }, { name: 'b', role: 'outside' }, { name: 'c', role: 'chassis' }] as Device[];
  expect(sensorsOf('co2', devices)).toEqual(['a', 'b']);
  expect(sensorsOf('heartbeat', devices)).toEqual(['c']);
  expect(sensorsOf('a-new-method', devices)).toEqual([]);
});

it('names the method that would help most, or none', () => {
  const reason = { code: 'would_help_most', values: { modality: 'xray', seconds: 20 }, text: {} };
  expect(helpsMost({ ...heard([]), reasons: [reason] })).toBe('xray');
  expect(helpsMost(heard([]))).toBe('');
});

it('takes 1.1 to 1 for neither way', () => {
  expect([wayOf(0.09), wayOf(-0.09), wayOf(0.2), wayOf(-0.2)]).toEqual(['neither', 'neither', 'people', 'empty']);
});
