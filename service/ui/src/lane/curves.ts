/** Geometry of an evidence's curves: from rows of numbers to points of a drawing 100 wide. */
import type { Curve } from '../lib/types';

export interface Range {
  low: number;
  high: number;
}

export const WIDTH = 100;
export const HEIGHT = 30;

/** Each kind's rows, the first is x; a curve with fewer, or with no point, is not drawn. */
const ROWS: Record<string, number> = { beats: 2, rate: 4, spectrum: 3, breathing: 2 };

/** Whether the page can draw it. */
export function drawable(curve: Curve): boolean {
  const rows = ROWS[curve.kind];
  if (rows === undefined || curve.rows.length < rows) return false;
  const n = curve.rows[0]!.length;
  return n > 1 && curve.rows.slice(0, rows).every((row) => row.length === n);
}

/** Smallest and largest of all rows, `margin` of the span wider on both sides. */
export function range(rows: readonly (readonly number[])[], margin = 0): Range {
  const all = rows.flat();
  const low = Math.min(...all);
  const high = Math.max(...all);
  const spare = margin * (high - low || 1);
  return { low: low - spare, high: high + spare };
}

function place(value: number, { low, high }: Range, length: number): number {
  const share = high > low ? (value - low) / (high - low) : 0.5;
  return Number((length * Math.min(Math.max(share, 0), 1)).toFixed(2));
}

/** Points of a line, `"x,y x,y"`. */
export function line(x: readonly number[], y: readonly number[], over: Range, up: Range): string {
  return x.map((at, i) => `${place(at, over, WIDTH)},${HEIGHT - place(y[i]!, up, HEIGHT)}`).join(' ');
}

/** Points of the band between two lines. */
export function band(
  x: readonly number[],
  low: readonly number[],
  high: readonly number[],
  over: Range,
  up: Range,
): string {
  return `${line(x, high, over, up)} ${line(x.toReversed(), low.toReversed(), over, up)}`;
}

/** A bar from the bottom for each value above `least`, as one path. */
export function bars(x: readonly number[], y: readonly number[], over: Range, least = 0.02): string {
  return x
    .map((at, i) => [at, y[i]!] as const)
    .filter(([, value]) => value > least)
    .map(([at, value]) => `M${place(at, over, WIDTH)} ${HEIGHT}V${HEIGHT - place(value, { low: 0, high: 1 }, HEIGHT)}`)
    .join('');
}
