/** The sum of the evidence as steps: each method begins where the one before it ended. All in natural logarithms. */

export interface Step {
  from: number;
  to: number;
}

/** Running sum: a method without an answer (null) stays where the sum stands. */
export function ladder(adds: readonly (number | null)[]): Step[] {
  let at = 0;
  return adds.map((add) => {
    const from = at;
    at += add ?? 0;
    return { from, to: at };
  });
}

export interface Scale {
  low: number;
  high: number;
}

const DECADE = Math.log(10);

/** A scale of whole powers of ten that holds all values with room to spare, and at least ten to one each way. */
export function scaleOf(values: readonly number[]): Scale {
  const room = 0.4;
  const finite = values.filter(Number.isFinite).map((value) => value / DECADE);
  const low = Math.floor(Math.min(-1, ...finite.map((v) => v - room)));
  const high = Math.ceil(Math.max(1, ...finite.map((v) => v + room)));
  return { low: low * DECADE, high: high * DECADE };
}

/** Where a value stands, per cent of the scale. */
export function percentOf(value: number, { low, high }: Scale): number {
  return Math.min(Math.max(((value - low) / (high - low)) * 100, 0), 100);
}

/** Powers of ten to write on the scale, without 0: no more than have room. */
export function ticksOf({ low, high }: Scale): number[] {
  const step = Math.ceil((high - low) / DECADE / 4 - 1e-9);
  const ticks: number[] = [];
  for (let n = Math.ceil(low / DECADE - 1e-9); n <= high / DECADE + 1e-9; n += 1) if (n !== 0 && n % step === 0) ticks.push(n * DECADE);
  return ticks;
}

/** In which zone a sum lies; null where the lane does not say its boundaries. */
export function zoneOf(
  sum: number,
  limits: { search_llr: number; no_indication_llr: number } | null,
): 'search' | 'between' | 'no_indication' | null {
  if (limits === null) return null;
  if (sum >= limits.search_llr) return 'search';
  return sum <= limits.no_indication_llr ? 'no_indication' : 'between';
}
