/** Gives a part of a picture its colours, warm spots and hatching, in pixels of the screen. */
import { HATCH } from './colours';
import type { Grey } from './png';
import { NOT_PENETRATED, type Image } from './pyramid';
import type { Size } from './view';

/** What a picture looks like; another one is another object. */
export interface Dress {
  /** The colour of each grey. */
  readonly table: Uint32Array;
  readonly heat: Grey | null;
  readonly warm: readonly [red: number, green: number, blue: number];
  readonly hatched: boolean;
  /** Pixels of the screen from one line of the hatching to the next. */
  readonly step: number;
}

interface Part extends Size {
  readonly x: number;
  readonly y: number;
}

/** From here on pixels are shown as such. */
const PIXELS_FROM = 3;
/** Below a tenth of the highest no heat is drawn; the hottest covers three quarters of what is under it. */
const LEAST_HEAT = 25.5;
const MOST_COVERED = 0.75;

/** Where evenly spread places lie between the pixels of a row: left one, right one, share of the right. */
interface Between {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly share: Float32Array;
}

function between(first: number, count: number, whole: number, size: number, nearest: boolean): Between {
  const [from, to] = [new Int32Array(count), new Int32Array(count)];
  const share = new Float32Array(count);
  for (let i = 0; i < count; i += 1) {
    const at = Math.min(Math.max(((first + i + 0.5) / whole) * size - 0.5, 0), size - 1);
    from[i] = nearest ? Math.round(at) : Math.floor(at);
    to[i] = nearest ? from[i]! : Math.min(from[i]! + 1, size - 1);
    share[i] = at - Math.floor(at);
  }
  return { from, to, share };
}

/**
 * Put a part of a picture on a canvas of the part's size.
 *
 * `part` is in pixels of the screen, of which the picture has `whole`. Values are mixed, not colours; a pixel
 * without a value is mixed with none.
 */
export function dressed(canvas: OffscreenCanvas, image: Image, part: Part, whole: Size, dress: Dress): void {
  const pixels = new Uint32Array(part.width * part.height);
  fill(pixels, image, part, whole, dress);
  const bytes = new Uint8ClampedArray(pixels.buffer);
  canvas.getContext('2d')?.putImageData(new ImageData(bytes, part.width, part.height), 0, 0);
}

/** The pixels of `dressed`, for a canvas. */
export function fill(pixels: Uint32Array, image: Image, part: Part, whole: Size, dress: Dress): void {
  const finest = image.levels[0]!;
  const larger = Math.max(whole.width / finest.width, whole.height / finest.height);
  const index = Math.min(Math.max(Math.floor(Math.log2(1 / larger)), 0), image.levels.length - 1);
  const { width, height, grey } = image.levels[index]!;
  const nearest = larger >= PIXELS_FROM;
  const columns = between(part.x, part.width, whole.width, width, nearest);
  const rows = between(part.y, part.height, whole.height, height, nearest);
  const heat = dress.heat && new HeatRows(dress.heat, part, whole);
  const { white } = image;
  const { table } = dress;
  for (let y = 0, to = 0; y < part.height; y += 1) {
    const [upper, lower] = [rows.from[y]! * width, rows.to[y]! * width];
    const below = rows.share[y]!;
    heat?.row(y);
    for (let x = 0; x < part.width; x += 1, to += 1) {
      const left = columns.from[x]!;
      const right = columns.to[x]!;
      const beside = columns.share[x]!;
      const a = grey[upper + left]!;
      const b = grey[upper + right]!;
      const c = grey[lower + left]!;
      const d = grey[lower + right]!;
      let value: number;
      if (a > white || b > white || c > white || d > white) {
        value = below < 0.5 ? (beside < 0.5 ? a : b) : beside < 0.5 ? c : d;
      } else {
        const above = a + (b - a) * beside;
        value = (above + (c + (d - c) * beside - above) * below + 0.5) | 0;
      }
      let colour = table[value]!;
      if (heat) colour = heat.over(colour, x, dress.warm);
      if (value > white && dress.hatched) colour = hatch(colour, part.x + x, part.y + y, value - white, dress.step);
      pixels[to] = colour;
    }
  }
}

/** Slanting lines, dark beside bright so that they are seen on any grey; crossed where nothing was measured. */
function hatch(colour: number, x: number, y: number, over: number, step: number): number {
  const line = (at: number): number => (at < step / 5 ? 1 : at < (2 * step) / 5 ? 2 : 0);
  let is = line((x + y) % step);
  if (is === 0 && over !== NOT_PENETRATED) is = line((((x - y) % step) + step) % step);
  return is === 0 ? colour : HATCH[is - 1]!;
}

/** A heat map, much coarser than the picture, row by row of the screen. */
class HeatRows {
  private readonly columns: Between;
  private readonly rows: Between;
  private readonly line: Float32Array;

  constructor(
    private readonly heat: Grey,
    part: Part,
    whole: Size,
  ) {
    this.columns = between(part.x, part.width, whole.width, heat.width, false);
    this.rows = between(part.y, part.height, whole.height, heat.height, false);
    this.line = new Float32Array(heat.width);
  }

  row(y: number): void {
    const { width, grey } = this.heat;
    const [upper, lower] = [this.rows.from[y]! * width, this.rows.to[y]! * width];
    const below = this.rows.share[y]!;
    for (let x = 0; x < width; x += 1) this.line[x] = grey[upper + x]! * (1 - below) + grey[lower + x]! * below;
  }

  over(colour: number, x: number, [red, green, blue]: readonly [number, number, number]): number {
    const beside = this.columns.share[x]!;
    const value = this.line[this.columns.from[x]!]! * (1 - beside) + this.line[this.columns.to[x]!]! * beside;
    if (value < LEAST_HEAT) return colour;
    const share = (MOST_COVERED * value) / 255;
    const mix = (under: number, over: number): number => (under + (over - under) * share) & 0xff;
    return (
      (0xff000000 |
        (mix((colour >>> 16) & 0xff, blue) << 16) |
        (mix((colour >>> 8) & 0xff, green) << 8) |
        mix(colour & 0xff, red)) >>>
      0
    );
  }
}
