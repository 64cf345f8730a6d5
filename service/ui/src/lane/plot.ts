/** Prepares curves for uPlot: one table of columns, lanes of an equal scale for waveforms, colours of the theme. */
import type uPlot from 'uplot';
import { drawn, type Curve, type Drawn } from './traces';

export const CURVE_COLOURS = ['--curve-1', '--curve-2', '--curve-3', '--curve-4', '--curve-5', '--curve-6'] as const;
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 4], [1, 2]];

/** Room beside a plot, in its own type size: numbers and a label at the left, nothing at the right. */
export const GUTTER_EM = 4.4;
export const LABEL_EM = 1.4;
export const RIGHT_EM = 0.75;

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
  const first = parts[0];
  // the channels of a board have the same times: nothing to sort
  if (first && parts.every(({ t_s }) => t_s.length === first.t_s.length && t_s.every((t, i) => t === first.t_s[i]))) {
    return [first.t_s, ...parts.flatMap((part) => part.columns)] as uPlot.AlignedData;
  }
  const all = [...Float64Array.from(parts.flatMap((part) => part.t_s)).sort()].filter((t, i, some) => t !== some[i - 1]);
  const columns = parts.flatMap((part) =>
    part.columns.map((values) => {
      const column: (number | null | undefined)[] = new Array(all.length).fill(undefined);
      let at = 0;
      values.forEach((value, i) => {
        while (all[at] !== part.t_s[i]) at += 1;
        column[at] = value;
      });
      return column;
    }),
  );
  return [all, ...columns] as uPlot.AlignedData;
}

/** Columns of scalars: time, then one a curve. */
export function scalarTable(curves: readonly Curve[], zero_ms: number, from_s: number): uPlot.AlignedData {
  return joined(
    curves.map((curve) => {
      const part = drawn(curve, zero_ms, from_s);
      return { t_s: part.t_s, columns: [part.high] };
    }),
  );
}

/** Envelopes, one lane below the other: each keeps within ±1 of its own middle line, `-2 × its number`. */
export function laneTable(
  curves: readonly Curve[],
  zero_ms: number,
  from_s: number,
): { table: uPlot.AlignedData; half: number } {
  const parts = curves.map((curve) => drawn(curve, zero_ms, from_s));
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
