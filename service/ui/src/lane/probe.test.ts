import { describe, expect, it } from 'vitest';
import type { Assessment } from '../lib/types';
import { byDue, dueKind, probeInMs } from './probe';

const co2 = (features: Record<string, number | string>) =>
  ({ evidences: [{ modality: 'co2', features }] }) as unknown as Assessment;

describe('a second dip', () => {
  it('is later, now and overdue', () => {
    expect(dueKind(100_000, 0)).toBe('later');
    expect(dueKind(20_000, 0)).toBe('now');
    expect(dueKind(0, 299_000)).toBe('now');
    expect(dueKind(0, 301_000)).toBe('overdue');
  });

  it('sorts the waiting lorries, the overdue first and those without one last', () => {
    const waiting = [{ plate: 'A' }, { plate: 'B', second_dip_due_utc_ms: 5 }, { plate: 'C', second_dip_due_utc_ms: 1 }, { plate: 'D' }];
    expect(byDue(waiting).map(({ plate }) => plate)).toEqual(['C', 'B', 'A', 'D']);
  });
});

describe('the probe', () => {
  it('counts on from the assessment', () => {
    expect(probeInMs(co2({ probe_in_s: 12 }), 1_000, 4_000)).toBe(15_000);
  });

  it('says nothing where CO2 says nothing', () => {
    expect(probeInMs(co2({}), 1_000, 4_000)).toBeNull();
  });
});
