/** Beats of a heart as the detector believes them, from the chance of one at each moment. */
import type { Assessment } from '../lib/types';

/** When hearts beat, and how sure each beat is, 0 to 1. */
export interface Beats {
  readonly sensor: string;
  readonly t_ms: readonly number[];
  readonly chance: readonly number[];
}

/** The newest moment is so much older than what was heard: a beat is weighed against what follows it. */
export const LATE_MS = 2600;
const LEAST_CHANCE = 0.05;
const LEAST_BEAT = 0.3;

/** The beats in a row of moments: where the chance gathers, and how much of it. */
export function beatsOf(t_ms: readonly number[], chance: readonly number[]): Omit<Beats, 'sensor'> {
  const out: { t_ms: number[]; chance: number[] } = { t_ms: [], chance: [] };
  let weight = 0;
  let moment = 0;
  for (let i = 0; i <= t_ms.length; i += 1) {
    const now = chance[i] ?? 0;
    if (now >= LEAST_CHANCE) {
      weight += now;
      moment += now * t_ms[i]!;
    } else {
      if (weight >= LEAST_BEAT) {
        out.t_ms.push(moment / weight);
        out.chance.push(Math.min(weight, 1));
      }
      weight = moment = 0;
    }
  }
  return out;
}

/** The beats that an assessment of `at_ms` tells of, after those of `before` that it does not speak of; null: none. */
export function beatsAt(assessment: Assessment | null, at_ms: number | null, before: Beats | null): Beats | null {
  if (assessment === null || at_ms === null) return null;
  const curve = assessment.evidences.flatMap((evidence) => evidence.curves).find(({ kind }) => kind === 'beats');
  if (!curve || curve.rows.length < 2) return null;
  const t_ms = curve.rows[0]!.map((ago_s) => at_ms - LATE_MS + 1000 * ago_s);
  const now = beatsOf(t_ms, curve.rows[1]!);
  const from = t_ms[0] ?? at_ms;
  const kept = before?.sensor === curve.sensor ? before.t_ms.filter((t) => t < from).length : 0;
  const old = Math.max(0, kept - 200);
  return {
    sensor: curve.sensor,
    t_ms: [...(before?.t_ms.slice(old, kept) ?? []), ...now.t_ms],
    chance: [...(before?.chance.slice(old, kept) ?? []), ...now.chance],
  };
}
