/** A picture in halves and halves again, so that far away it is drawn from few pixels, and each of them counts. */
import type { Grey } from './png';

/** A picture ready to be shown. */
export interface Image {
  /** The picture as it came, then each half as wide and high as the one before. */
  readonly levels: readonly Grey[];
  /** How many pixels have a value in each of `BINS` equal parts of 0 to `white`. */
  readonly histogram: Uint32Array<ArrayBuffer>;
  readonly white: number;
  /** Whether there are places that were not penetrated, and places that nothing was measured at. */
  readonly dense: boolean;
  readonly unknown: boolean;
}

export const BINS = 4096;
const SMALLEST = 256;
/** Greys above white: no values. */
export const [SATURATED, NOT_PENETRATED, MISSING] = [1, 2, 3] as const;

/** Make what is drawn of a picture. */
export function imageOf(whole: Grey, white: number): Image {
  const levels = [whole];
  for (let last = whole; Math.max(last.width, last.height) > SMALLEST; levels.push(last)) last = halved(last, white);
  const over = [0, 0, 0, 0];
  for (let i = 0; i < whole.grey.length; i += 1) if (whole.grey[i]! > white) over[whole.grey[i]! - white]! += 1;
  const dense = over[NOT_PENETRATED]! > 0;
  const unknown = over[SATURATED]! + over[MISSING]! > 0;
  return { levels, histogram: histogramOf(whole.grey, white), white, dense, unknown };
}

/** Half as wide and high: the mean of four pixels, or the worst class where two of them have no value. */
export function halved({ width, height, grey }: Grey, white: number): Grey {
  const [wide, high] = [Math.max(width >> 1, 1), Math.max(height >> 1, 1)];
  const half = new Uint16Array(wide * high);
  const [right, down] = [width > 1 ? 1 : 0, height > 1 ? width : 0];
  for (let y = 0; y < high; y += 1) {
    let at = 2 * y * width;
    for (let x = 0; x < wide; x += 1, at += 2) {
      const [a, b, c, d] = [grey[at]!, grey[at + right]!, grey[at + down]!, grey[at + down + right]!];
      if (a <= white && b <= white && c <= white && d <= white) half[y * wide + x] = (a + b + c + d + 2) >> 2;
      else half[y * wide + x] = mixed([a, b, c, d], white);
    }
  }
  return { width: wide, height: high, grey: half };
}

function mixed(four: number[], white: number): number {
  const known = four.filter((grey) => grey <= white);
  if (known.length <= 2) return Math.max(...four);
  return Math.round(known.reduce((sum, grey) => sum + grey, 0) / known.length);
}

function histogramOf(grey: Uint16Array, white: number): Uint32Array<ArrayBuffer> {
  const histogram = new Uint32Array(BINS);
  const share = BINS / (white + 1);
  for (let i = 0; i < grey.length; i += 1) {
    const value = grey[i]!;
    if (value <= white) histogram[(value * share) | 0]! += 1;
  }
  return histogram;
}
