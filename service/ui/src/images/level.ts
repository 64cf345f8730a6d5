/** Which part of a picture's values is shown, from black to white: in their own unit, so that it stays as pictures grow. */
import type { Picture } from '../lib/types';
import type { ColourMap } from './colours';
import { BINS, NOT_PENETRATED, SATURATED } from './pyramid';

/** The values at both ends of the colours. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

/** What a picture's greys stand for. */
export interface Scale extends Span {
  readonly white: number;
  /** Many counts are little matter: the other way round than attenuation and warmth. */
  readonly counts: boolean;
}

/** Ends of the histogram that are left out by the automatic window of an X-ray picture. */
const LEFT_OUT = 0.005;
const NARROWEST = 1 / 1000;

export function scaleOf({ low, high, white, unit }: Pick<Picture, 'low' | 'high' | 'white' | 'unit'>): Scale {
  return { low, high: high > low ? high : low + 1, white: white ?? 255, counts: unit === 'counts' };
}

/** The span that shows most: of an X-ray picture without its thinnest and densest spots, of warmth all of it. */
export function autoSpan(histogram: Uint32Array, scale: Scale, all: boolean): Span {
  const count = histogram.reduce((sum, n) => sum + n, 0);
  if (all || count === 0) return { low: scale.low, high: scale.high };
  const at = (share: number): number => {
    let left = share * count;
    const bin = histogram.findIndex((n) => (left -= n) <= 0);
    return bin < 0 ? BINS - 1 : bin;
  };
  const value = (bin: number): number => scale.low + (Math.min(bin, BINS) / BINS) * (scale.high - scale.low);
  return held({ low: value(at(LEFT_OUT)), high: value(at(1 - LEFT_OUT) + 1) }, scale);
}

/** A span within the picture's values, never narrower than a thousandth of them. */
export function held({ low, high }: Span, scale: Scale): Span {
  const whole = scale.high - scale.low;
  const width = Math.min(Math.max(high - low, whole * NARROWEST), whole);
  const level = Math.min(Math.max((low + high) / 2, scale.low), scale.high);
  return { low: level - width / 2, high: level + width / 2 };
}

/** Move the level by a share of the picture's values, and make the window wider by a factor. */
export function moved({ low, high }: Span, scale: Scale, level: number, wider: number): Span {
  const middle = (low + high) / 2 + level * (scale.high - scale.low);
  const half = ((high - low) / 2) * wider;
  return held({ low: middle - half, high: middle + half }, scale);
}

/** What each grey looks like, as pixels of a canvas; a grey without a value looks like what it may be. */
export function lookup(span: Span, inverted: boolean, scale: Scale, map: ColourMap): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(scale.white + 4);
  const step = (scale.high - scale.low) / scale.white;
  const pixel = new Uint8ClampedArray(4).fill(255);
  const word = new Uint32Array(pixel.buffer);
  const paint = (grey: number, share: number): void => {
    const shown = Math.min(Math.max(inverted ? 1 - share : share, 0), 1);
    const colour = 3 * Math.round(shown * 255);
    for (let i = 0; i < 3; i += 1) pixel[i] = map[colour + i]!;
    table[grey] = word[0]!;
  };
  for (let grey = 0; grey <= scale.white; grey += 1) {
    paint(grey, (scale.low + grey * step - span.low) / Math.max(span.high - span.low, 1e-12));
  }
  for (let over = 1; over <= 3; over += 1) {
    const top = scale.counts ? over === SATURATED : over === NOT_PENETRATED;
    paint(scale.white + over, top ? 1 : 0);
  }
  return table;
}

/** The value at a grey, null where there is none. */
export function valueAt(grey: number, scale: Scale): number | null {
  return grey > scale.white ? null : scale.low + (grey / scale.white) * (scale.high - scale.low);
}
