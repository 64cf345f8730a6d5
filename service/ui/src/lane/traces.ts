/** Keeps the newest points of each curve of a lane: bounded, in order, nothing twice. */
import type { Trace } from '../lib/types';

export const KEPT_MS = 120_000;
const MOST_POINTS = 20_000; // of one curve; a lane sends some twenty a second
const CLOCK_SET_MS = 5000; // a view that much older than the one before: the lane's clock was set back

/** One curve. `low` and `high` are equal for a scalar; the three lists have the same length. */
export interface Curve {
  readonly key: string;
  readonly sensor: string;
  readonly channel: string;
  /** Without what can be foretold of it: a chassis channel after noise cancellation. */
  readonly cancelled?: boolean;
  unit: string;
  t_ms: number[];
  low: number[];
  high: number[];
}

/** Units of waveforms, which come as envelopes: swings around zero, not levels. */
const WAVE_UNITS = new Set(['µm/s', 'counts']);

/** Whether a curve is an envelope of a waveform. */
export function isWave({ unit }: Pick<Curve, 'unit'>): boolean {
  return WAVE_UNITS.has(unit);
}

/** Name a curve by sensor, channel and stage; no sensor's name holds a line break. */
export function curveKey(sensor: string, channel: string, cancelled = false): string {
  return `${sensor}\n${channel}${cancelled ? '\ncancelled' : ''}`;
}

/** Curves that share a plot: of one quantity. */
export interface Group {
  readonly key: string;
  readonly unit: string;
  readonly wave: boolean;
  readonly all: Curve[];
}

/**
 * Sort curves into plots: CO2 first, then other levels, then waveforms. Of a chassis channel that comes before
 * and after noise cancellation one stage is shown; beside what is left of it nothing loud stands. The same curve
 * has the same place whichever came first: the load space before the outside air.
 */
export function grouped(curves: readonly Curve[], roles: ReadonlyMap<string, string>, cancelled: boolean): Group[] {
  const both = new Set(curves.filter((curve) => curve.cancelled).map((curve) => curveKey(curve.sensor, curve.channel)));
  const stage = (curve: Curve) =>
    both.size && isWave(curve) && (cancelled || both.has(curveKey(curve.sensor, curve.channel))) ? !!curve.cancelled === cancelled : true;
  const first = (curve: Curve) => (roles.get(curve.sensor) === 'inside' ? 0 : 1);
  const steady = curves.filter(stage).sort((a, b) => first(a) - first(b) || a.key.localeCompare(b.key));
  const sorted = new Map<string, Group>();
  for (const curve of steady) {
    const wave = isWave(curve);
    const key = wave ? curve.unit : `${curve.channel} ${curve.unit}`;
    const group = sorted.get(key) ?? { key, unit: curve.unit, wave, all: [] };
    group.all.push(curve);
    sorted.set(key, group);
  }
  const rank = ({ unit, wave }: Group) => (unit === 'ppm' ? 0 : wave ? 2 : 1);
  return [...sorted.values()].sort((a, b) => rank(a) - rank(b));
}

/** The curves of one lane, in the order in which they first came. */
export class TraceStore {
  #curves = new Map<string, Curve>();
  #run = '';
  /** Time of the newest point, or of the newest view that said that nothing came; 0 before any. */
  now_ms = 0;

  get curves(): readonly Curve[] {
    return [...this.#curves.values()];
  }

  /**
   * Take what a live view brings. A lane sends its last minute again after a reconnect, and a whole view
   * overlaps the increments: points that are held already are left out, missing older ones are put in.
   * Another `run` is another process, and a clock that was set back another time: what was held is let go.
   */
  take(traces: readonly Trace[], utc_ms: number, run: string): void {
    if (run !== this.#run || utc_ms < this.now_ms - CLOCK_SET_MS) {
      this.#run = run;
      this.#curves.clear();
      this.now_ms = 0;
    }
    this.now_ms = Math.max(this.now_ms, utc_ms);
    for (const trace of traces) this.#add(trace);
    for (const curve of this.#curves.values()) this.#forget(curve);
  }

  #add(trace: Trace): void {
    const n = Math.min(trace.t_utc_ms.length, trace.low.length, trace.high.length);
    const key = curveKey(trace.sensor, trace.channel, trace.cancelled);
    let curve = this.#curves.get(key);
    if (curve === undefined || curve.unit !== trace.unit) {
      const { sensor, channel, cancelled, unit } = trace;
      curve = { key, sensor, channel, cancelled, unit, t_ms: [], low: [], high: [] };
      this.#curves.set(key, curve);
    }
    for (let i = 0; i < n; i += 1) {
      insert(curve, trace.t_utc_ms[i]!, trace.low[i]!, trace.high[i]!);
    }
  }

  #forget(curve: Curve): void {
    const oldest_ms = this.now_ms - KEPT_MS;
    let gone = Math.max(0, curve.t_ms.length - MOST_POINTS);
    while (gone < curve.t_ms.length && curve.t_ms[gone]! < oldest_ms) gone += 1;
    if (gone === 0) return;
    curve.t_ms.splice(0, gone);
    curve.low.splice(0, gone);
    curve.high.splice(0, gone);
  }
}

/** Put a point at its time; a point of a time that is held already replaces it. */
function insert(curve: Curve, t_ms: number, low: number, high: number): void {
  const at = place(curve.t_ms, t_ms);
  const again = curve.t_ms[at] === t_ms ? 1 : 0;
  curve.t_ms.splice(at, again, t_ms);
  curve.low.splice(at, again, low);
  curve.high.splice(at, again, high);
}

/** Index of the first time that is not before `t_ms`. */
function place(times: readonly number[], t_ms: number): number {
  let first = 0;
  let end = times.length;
  if (end === 0 || times[end - 1]! < t_ms) return end; // the usual case
  while (first < end) {
    const middle = (first + end) >> 1;
    if (times[middle]! < t_ms) first = middle + 1;
    else end = middle;
  }
  return first;
}

/**
 * Longest distance between two points that still belongs together: three times the usual one, at least 1 s.
 * A longer one is a gap and is shown as one.
 */
export function gapLimit_ms(t_ms: readonly number[]): number {
  const steps = t_ms.slice(1).map((t, i) => t - t_ms[i]!);
  if (steps.length === 0) return 1000;
  steps.sort((a, b) => a - b);
  return Math.max(1000, 3 * steps[steps.length >> 1]!);
}

/** A curve ready to draw: seconds from `zero_ms` on (before it: negative), with a null between points that have a gap. */
export interface Drawn {
  t_s: number[];
  low: (number | null)[];
  high: (number | null)[];
}

/** A curve from the second `from_s` on, its gaps opened. */
export function drawn(curve: Curve, zero_ms: number, from_s: number): Drawn {
  const limit_ms = gapLimit_ms(curve.t_ms);
  const out: Drawn = { t_s: [], low: [], high: [] };
  let before_ms: number | null = null;
  for (let i = place(curve.t_ms, zero_ms + from_s * 1000); i < curve.t_ms.length; i += 1) {
    const t_ms = curve.t_ms[i]!;
    if (before_ms !== null && t_ms - before_ms > limit_ms) {
      out.t_s.push((before_ms + 1 - zero_ms) / 1000);
      out.low.push(null);
      out.high.push(null);
    }
    out.t_s.push((t_ms - zero_ms) / 1000);
    out.low.push(curve.low[i]!);
    out.high.push(curve.high[i]!);
    before_ms = t_ms;
  }
  return out;
}

/** What a curve does over its window, for those who read instead of look. */
export interface Gist {
  newest: number | null;
  low: number;
  high: number;
  /** Rising or falling by more than a twentieth of the value, or than its own scatter. */
  trend: 'rising' | 'falling' | 'steady';
  /** How long nothing has come, when that is longer than the curve's gap limit. */
  silent_ms: number | null;
}

/** Sum a curve's last `window_s` up. */
export function gist(curve: Curve, now_ms: number, window_s: number): Gist {
  const first = place(curve.t_ms, now_ms - window_s * 1000);
  const low = curve.low.slice(first);
  const high = curve.high.slice(first);
  const newest_ms = curve.t_ms.at(-1);
  const silence = newest_ms === undefined ? window_s * 1000 : now_ms - newest_ms;
  const silent_ms = silence > gapLimit_ms(curve.t_ms) + 1000 ? silence : null;
  if (low.length === 0) return { newest: null, low: 0, high: 0, trend: 'steady', silent_ms };
  const third = Math.max(1, Math.floor(high.length / 3));
  const change = mean(high.slice(-third)) - mean(high.slice(0, third));
  const enough = Math.max(0.05 * Math.abs(mean(high)), 2 * scatter(high));
  const trend = high.length < 6 || Math.abs(change) <= enough ? 'steady' : change > 0 ? 'rising' : 'falling';
  return { newest: high.at(-1)!, low: Math.min(...low), high: Math.max(...high), trend, silent_ms };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Typical step from one value to the next. */
function scatter(values: readonly number[]): number {
  if (values.length < 2) return 0;
  return mean(values.slice(1).map((value, i) => Math.abs(value - values[i]!)));
}
