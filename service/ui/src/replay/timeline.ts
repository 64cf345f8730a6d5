/** A recorded visit as of a moment: what was thought, seen and had happened by then. */
import type { Assessment, Picture, Recommendation, TimelineEvent, TimelineVisit } from '../lib/types';
import type { Beats } from '../lane/beats';
import { curveKey, type Curve } from '../lane/traces';

/** Index of the last of rising times that is not after `t`; -1 before the first. */
export function lastAt(times: readonly number[], t: number): number {
  let first = 0;
  let end = times.length;
  while (first < end) {
    const middle = (first + end) >> 1;
    if (times[middle]! <= t) first = middle + 1;
    else end = middle;
  }
  return first - 1;
}

/** What was thought at a moment; null before anything was. */
export function assessmentAt({ steps }: TimelineVisit, t_s: number): Assessment | null {
  return steps[lastAt(steps.map((step) => step.t_s), t_s)]?.assessment ?? null;
}

/** When that was thought, s. */
export function assessedAt({ steps }: TimelineVisit, t_s: number): number | null {
  return steps[lastAt(steps.map((step) => step.t_s), t_s)]?.t_s ?? null;
}

/** Each sensor's newest picture at a moment. */
export function picturesAt({ pictures }: TimelineVisit, t_s: number): Picture[] {
  const newest = new Map<string, Picture>();
  for (const { t_s: from_s, picture } of pictures) if (from_s <= t_s) newest.set(picture.sensor, picture);
  return [...newest.values()];
}

/** The curves of a visit, times in ms from its beginning. */
export function curvesOf({ traces }: TimelineVisit): Curve[] {
  return traces.map(({ sensor, channel, cancelled, unit, t_s, low, high }) => ({
    key: curveKey(sensor, channel, cancelled),
    sensor,
    channel,
    cancelled,
    unit,
    t_ms: t_s.map((t) => 1000 * t),
    low,
    high,
  }));
}

/** The beats of a visit, times in ms from its beginning. */
export function beatsOf({ beats }: TimelineVisit): Beats | null {
  return beats && { sensor: beats.sensor, t_ms: beats.t_s.map((t) => 1000 * t), chance: beats.chance };
}

/** Lowest and highest of a curve about a moment; null where it has no point within a second. */
export function valueAt({ t_ms, low, high }: Curve, at_ms: number): { low: number; high: number } | null {
  const at = lastAt(t_ms, at_ms);
  if (at < 0 || at_ms - t_ms[at]! > Math.max(1000, 3 * ((t_ms.at(-1)! - t_ms[0]!) / t_ms.length))) return null;
  return { low: low[at]!, high: high[at]! };
}

/** The recommendation over a visit: from when to when each stood, s. */
export function stretches(visit: TimelineVisit): { from_s: number; to_s: number; recommendation: Recommendation }[] {
  const changes = visit.events.filter((event) => event.recommendation !== null);
  const out: { from_s: number; to_s: number; recommendation: Recommendation }[] = [];
  for (const { t_s, recommendation } of changes) {
    const last = out.at(-1);
    if (last) last.to_s = t_s;
    if (last?.recommendation === recommendation) last.to_s = visit.duration_s;
    else out.push({ from_s: t_s, to_s: visit.duration_s, recommendation: recommendation! });
  }
  return out;
}

/** The next event after a moment, or the last before it. */
export function nextEvent(events: readonly TimelineEvent[], t_s: number, back: boolean): number | null {
  const times = events.map((event) => event.t_s);
  const near_s = 0.05;
  return (back ? times.findLast((t) => t < t_s - near_s) : times.find((t) => t > t_s + near_s)) ?? null;
}

/** A moment of a visit, minutes and seconds. */
export function moment(t_s: number): string {
  const whole = Math.max(0, Math.floor(t_s + 1e-6));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
