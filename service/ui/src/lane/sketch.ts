/** Points of small curves: from a drawn trace to an SVG path, its gaps left open. */
import { HEIGHT, WIDTH, type Range } from './curves';
import type { Drawn } from './traces';

/** Path of a trace over its window: a line where both ends are one value, else an upright stroke a piece. */
export function sketch({ t_s, low, high }: Drawn, window_s: number, { low: least, high: most }: Range): string {
  const x = (s: number): number => round(WIDTH * (1 + s / window_s));
  const y = (value: number): number => round(HEIGHT * (1 - (most > least ? (value - least) / (most - least) : 0.5)));
  let path = '';
  let pen = false;
  t_s.forEach((s, i) => {
    const [bottom, top] = [low[i], high[i]];
    if (bottom == null || top == null) pen = false;
    else if (bottom !== top) path += `M${x(s)} ${y(bottom)}V${y(top)}`;
    else {
      path += `${pen ? 'L' : 'M'}${x(s)} ${y(top)}`;
      pen = true;
    }
  });
  return path;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

/** Lowest and highest value of what is drawn; null where nothing is. */
export function span(all: readonly Drawn[]): Range | null {
  const values = all.flatMap(({ low, high }) => [...low, ...high]).filter((value) => value !== null);
  return values.length ? { low: Math.min(...values), high: Math.max(...values) } : null;
}
