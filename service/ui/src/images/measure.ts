/** Lengths on a lorry, from places in its picture. */
import type { Picture } from '../lib/types';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Metres along the lorry, up, and straight from one point to the other. */
export interface Length {
  readonly along: number;
  readonly up: number;
  readonly straight: number;
}

const LEAST_STRETCH = 0.05;

/** A picture's scale: places are in its pixels, their middles at halves. */
export class Ruler {
  private constructor(
    private readonly pixel_mm: number,
    private readonly places_mm: readonly number[],
    private readonly width: number,
  ) {}

  /** The ruler of a picture; null where its scale is not known. */
  static of({ pixel_mm, places_mm, width }: Pick<Picture, 'pixel_mm' | 'places_mm' | 'width'>): Ruler | null {
    if (!pixel_mm || !(pixel_mm > 0) || !places_mm || places_mm.length < 2 || width < 2) return null;
    const rising = places_mm.every((place, i) => i === 0 || place >= places_mm[i - 1]!);
    const ruler = new Ruler(pixel_mm, places_mm, width);
    const { stretch } = ruler;
    return rising && stretch > LEAST_STRETCH && stretch < 1 / LEAST_STRETCH ? ruler : null;
  }

  /** How much wider than high a pixel is, on the whole. */
  get stretch(): number {
    return (this.places_mm.at(-1)! - this.places_mm[0]!) / (this.width - 1) / this.pixel_mm;
  }

  /** Height of a pixel, mm. */
  get row_mm(): number {
    return this.pixel_mm;
  }

  /** How far along the lorry a place is, mm; beyond the ends as between the last two. */
  along_mm(x: number): number {
    const last = this.places_mm.length - 1;
    const at = ((x - 0.5) / (this.width - 1)) * last;
    const knot = Math.min(Math.max(Math.floor(at), 0), last - 1);
    const [from, to] = [this.places_mm[knot]!, this.places_mm[knot + 1]!];
    return from + (at - knot) * (to - from);
  }

  length(a: Point, b: Point): Length {
    const along = Math.abs(this.along_mm(b.x) - this.along_mm(a.x)) / 1000;
    const up = (Math.abs(b.y - a.y) * this.pixel_mm) / 1000;
    return { along, up, straight: Math.hypot(along, up) };
  }
}
