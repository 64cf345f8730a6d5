/** The probe's clock: how long it is in, and how a second dip's time stands to now. */
import type { Assessment } from '../lib/types';

/** A second dip is "now" from half a minute before its time until five minutes after. */
const EARLY_MS = 30_000;
const LATE_MS = 300_000;

export type Due = 'later' | 'now' | 'overdue';

export function dueKind(due_ms: number, now_ms: number): Due {
  if (due_ms - now_ms > EARLY_MS) return 'later';
  return now_ms - due_ms <= LATE_MS ? 'now' : 'overdue';
}

/** How long the tip has been in, counted on from the assessment; null where CO2 does not say it. */
export function probeInMs(
  assessment: Pick<Assessment, 'evidences'>,
  assessed_ms: number | null,
  now_ms: number,
): number | null {
  const said = assessment.evidences.find(({ modality }) => modality === 'co2')?.features.probe_in_s;
  if (typeof said !== 'number') return null;
  return said * 1000 + (assessed_ms === null ? 0 : Math.max(0, now_ms - assessed_ms));
}

/** Waiting lorries in the order of their second dips; those without one come last, as they came. */
export function byDue<W extends { second_dip_due_utc_ms?: number | null }>(waiting: readonly W[]): W[] {
  const due = ({ second_dip_due_utc_ms }: W) => second_dip_due_utc_ms ?? Number.POSITIVE_INFINITY;
  return [...waiting].sort((a, b) => (due(a) === due(b) ? 0 : due(a) - due(b)));
}
