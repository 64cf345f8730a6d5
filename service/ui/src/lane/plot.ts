/** Prepares curves for uPlot: one table of columns, lanes of an equal scale for waveforms, colours of the theme. */
import type uPlot from 'uplot';
import { drawn, type Curve, type Drawn } from './traces';

export const CURVE_COLOURS = ['--curve-1', '--curve-2', '--curve-3', '--curve-4', '--curve-5', '--curve-6'] as const;
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 4], [1, 2]];

/** Scale that holds a value: 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * decade >= value * (1 - 1e-9));
  return Number(((step ?? 10) * decade).toPrecision(3));
}

/** Largest distance from zero among the curves, as a round scale. */
export function halfRange(parts: readonly Drawn[]): number {
  let most = 0;
  for (const { low, high } of parts) {
    for (let i = 0; i < low.length; i += 1) {
      most = Math.max(most, Math.abs(low[i] ?? 0), Math.abs(high[i] ?? 0));
    }
  }
  return roundUp(most);
}

/** Join columns of different times; a null stays a gap, a time that a curve has no point at is skipped. */
function joined(parts: readonly { t_s: number[]; columns: (number | null)[][] }[]): uPlot.AlignedData {
  const all = [...new Set(parts.flatMap((part) => part.t_s))].sort((a, b) => a - b);
  const index = new Map(all.map((t, i) => [t, i]));
  const columns = parts.flatMap((part) =>
    part.columns.map((values) => {
      const column: (number | null | undefined)[] = new Array(all.length).fill(undefined);
      values.forEach((value, i) => (column[index.get(part.t_s[i]!)!] = value));
      return column;
    }),
  );
  return [all, ...columns] as uPlot.AlignedData;
}

/** Columns of scalars: time, then one a curve. */
export function scalarTable(curves: readonly Curve[], now_ms: number, window_s: number): uPlot.AlignedData {
  return joined(
    curves.map((curve) => {
      const part = drawn(curve, now_ms, window_s);
      return { t_s: part.t_s, columns: [part.high] };
    }),
  );
}

/** Envelopes, one lane below the other: each keeps within ±1 of its own middle line, `-2 × its number`. */
export function laneTable(
  curves: readonly Curve[],
  now_ms: number,
  window_s: number,
): { table: uPlot.AlignedData; half: number } {
  const parts = curves.map((curve) => drawn(curve, now_ms, window_s));
  const half = halfRange(parts);
  const placed = parts.map((part, lane) => {
    const at = (value: number | null) => (value === null ? null : value / half - 2 * lane);
    return { t_s: part.t_s, columns: [part.low.map(at), part.high.map(at)] };
  });
  return { table: joined(placed), half };
}

/** Resolves the theme's colours to what a canvas understands, again after each change of theme. */
export class ThemeColours {
  #probe: HTMLElement;
  #known = new Map<string, string>();
  #stop: () => void;

  constructor(host: HTMLElement, changed: () => void) {
    this.#probe = host.appendChild(document.createElement('span'));
    this.#probe.hidden = true;
    const again = (): void => {
      this.#known.clear();
      changed();
    };
    const media = matchMedia('(prefers-color-scheme: light)');
    media.addEventListener('change', again);
    const observer = new MutationObserver(again);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    this.#stop = () => {
      media.removeEventListener('change', again);
      observer.disconnect();
    };
  }

  get(name: string): string {
    let colour = this.#known.get(name);
    if (colour === undefined) {
      this.#probe.style.color = `var(${name})`;
      colour = getComputedStyle(this.#probe).color;
      this.#known.set(name, colour);
    }
    return colour;
  }

  /** The same colour, thinner. */
  thin(name: string, share: number): string {
    const parts = /rgba?\(([\d.]+)[, ]+([\d.]+)[, ]+([\d.]+)/.exec(this.get(name));
    return parts ? `rgba(${parts[1]}, ${parts[2]}, ${parts[3]}, ${share})` : this.get(name);
  }

  stop(): void {
    this.#stop();
    this.#probe.remove();
  }
}
