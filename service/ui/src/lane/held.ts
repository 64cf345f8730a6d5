/** The time to danger while the CO2 probe settles: what was told a moment ago stands until it can be told anew. */
import type { Assessment, LifeRisk } from '../lib/types';

/** A time that is older is not shown as the present one. */
export const HELD_MS = 60_000;

export interface Told {
  scan_id: string;
  visit: number;
  risk: LifeRisk;
  assessed_ms: number | null;
  /** It is of an earlier assessment: the newest cannot tell. */
  held: boolean;
}

/** What to show now, given what was shown before. Only a probe that settles is waited for: no lost or spoilt one. */
export function toldNow(before: Told | null, assessment: Assessment | null, assessed_ms: number | null): Told | null {
  if (!assessment) return null;
  const { scan_id, visit, life_risk: risk } = assessment;
  const settles = assessment.evidences.some(({ modality, state }) => modality === 'co2' && state === 'pending');
  const recent =
    before?.scan_id === scan_id &&
    before.visit === visit &&
    before.risk.minutes_low !== null &&
    before.assessed_ms !== null &&
    assessed_ms !== null &&
    assessed_ms - before.assessed_ms <= HELD_MS;
  if (risk.minutes_low === null && settles && recent) return { ...before, held: true };
  return { scan_id, visit, risk, assessed_ms, held: false };
}
