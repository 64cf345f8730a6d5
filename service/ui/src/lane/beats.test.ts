/** Beats: one for each place where the chance gathers, and old ones stay until they are spoken of again. */
import { describe, expect, it } from 'vitest';
import type { Assessment } from '../lib/types';
import { beatsAt, beatsOf, LATE_MS } from './beats';

function assessment(rows: number[][], sensor = 'geophones'): Assessment {
  return { evidences: [{ curves: [{ kind: 'beats', sensor, rows }] }] } as unknown as Assessment;
}

describe('beatsOf', () => {
  it('joins neighbours and leaves faint ones out', () => {
    expect(beatsOf([0, 80, 160, 240, 320, 400], [0, 0.5, 0.5, 0, 0.1, 0])).toEqual({ t_ms: [120], chance: [1] });
  });
  it('ends a beat at the last moment', () => {
    expect(beatsOf([0, 80], [0, 0.6])).toEqual({ t_ms: [80], chance: [0.6] });
  });
});

describe('beatsAt', () => {
  it('says when they were, not when they were told', () => {
    const beats = beatsAt(assessment([[-1, -0.5, 0], [0, 0.9, 0]]), 100_000, null);
    expect(beats).toEqual({ sensor: 'geophones', t_ms: [100_000 - LATE_MS - 500], chance: [0.9] });
  });
  it('keeps older ones and takes the newest word on the others', () => {
    const before = { sensor: 'geophones', t_ms: [90_000, 97_000], chance: [0.8, 0.4] };
    const beats = beatsAt(assessment([[-1, -0.5, 0], [0, 0.9, 0]]), 100_000, before);
    expect(beats?.t_ms).toEqual([90_000, 96_900]);
    expect(beats?.chance).toEqual([0.8, 0.9]);
  });
  it('forgets those of another board, and all when nothing is heard any more', () => {
    const before = { sensor: 'other', t_ms: [90_000], chance: [0.8] };
    expect(beatsAt(assessment([[0], [0.9]]), 100_000, before)?.t_ms).toHaveLength(1);
    expect(beatsAt({ evidences: [] } as unknown as Assessment, 100_000, before)).toBeNull();
  });
});
