/** What somebody does with one picture: what is looked at, in which colours, with what over it. */
import { autoSpan, held, lookup, moved, scaleOf, valueAt, type Span } from './level';
import { GREY, THERMAL } from './colours';
import type { Shown } from './following.svelte';
import { Ruler, type Length, type Point } from './measure';
import { ALL, kept, panned, placed, under, zoomed, type Look, type Size } from './view';

/** What is looked at; pictures that are linked have one together. */
export class Looking {
  look = $state.raw<Look>(ALL);
}

/** A lorry that still passes is given room for the whole of it: its picture fills it. */
const ROOM_MM = 17_000;
const NOTHING: Size = { width: 1, height: 1 };

export class Viewing {
  looking = $state.raw(new Looking());
  shown = $state.raw<Shown | null>(null);
  /** The canvas, in its own pixels. */
  frame = $state.raw<Size>(NOTHING);
  /** What is looked at with linked pictures, mm: the largest of them. */
  together = $state.raw<Size | null>(null);
  inverted = $state(false);
  boxes = $state(true);
  heat = $state(true);
  hatched = $state(true);
  measuring = $state(false);
  /** Ends of what is measured, and where the pointer or the cross is, in the picture's pixels. */
  ends = $state.raw<readonly Point[]>([]);
  at = $state.raw<Point | null>(null);
  private chosen = $state.raw<Span | null>(null);

  readonly told = $derived(this.shown?.told ?? null);
  readonly ruler = $derived(this.told && Ruler.of(this.told));
  readonly scale = $derived(this.told && scaleOf(this.told));
  readonly auto = $derived(
    this.shown && this.scale && autoSpan(this.shown.image.histogram, this.scale, this.told?.kind === 'thermal'),
  );
  readonly span = $derived(this.chosen && this.scale ? held(this.chosen, this.scale) : this.auto);
  readonly isAuto = $derived(this.chosen === null);
  readonly map = $derived(this.told?.kind === 'thermal' ? THERMAL : GREY);
  readonly table = $derived(
    this.span && this.scale ? lookup(this.span, this.inverted, this.scale, this.map) : new Uint32Array(0),
  );
  /** Size of a picture's pixel, in mm where they are known. */
  private readonly unit = $derived<Size>(
    this.ruler ? { width: this.ruler.row_mm * this.ruler.stretch, height: this.ruler.row_mm } : NOTHING,
  );
  readonly own = $derived<Size>({
    width: (this.told?.width ?? 1) * this.unit.width,
    height: (this.told?.height ?? 1) * this.unit.height,
  });
  private readonly whole = $derived.by<Size>(() => {
    if (this.together && this.ruler) return this.together;
    const room = this.told?.passing && this.ruler ? ROOM_MM : 0;
    return { ...this.own, width: Math.max(this.own.width, room) };
  });
  /** Width over height of what can be looked at. */
  readonly aspect = $derived(this.whole.width / this.whole.height);
  readonly look = $derived(kept(this.looking.look, this.whole, this.frame));
  readonly placed = $derived(placed(this.look, this.whole, this.frame, this.unit));
  readonly length = $derived.by<Length | null>(() => {
    const [a, b = this.at] = this.ends;
    return a && b && this.ruler && this.measuring ? this.ruler.length(a, b) : null;
  });
  /** The value where the pointer is. */
  readonly value = $derived.by<number | 'none' | null>(() => {
    const grey = this.at && this.greyAt(this.at);
    return grey === null || !this.scale ? null : (valueAt(grey, this.scale) ?? 'none');
  });

  private greyAt({ x, y }: Point): number | null {
    const whole = this.shown?.image.levels[0];
    if (!whole || !this.told || x < 0 || y < 0 || x >= this.told.width || y >= this.told.height) return null;
    const column = Math.floor((x / this.told.width) * whole.width);
    const row = Math.floor((y / this.told.height) * whole.height);
    return whole.grey[row * whole.width + column] ?? null;
  }

  zoom(factor: number, at?: Point): void {
    this.looking.look = zoomed(this.look, factor, this.whole, this.frame, at);
  }

  /** Move the picture by pixels of the canvas. */
  pan(dx: number, dy: number): void {
    this.looking.look = panned(this.look, dx, dy, this.whole, this.frame);
  }

  all(): void {
    this.looking.look = ALL;
  }

  reset(): void {
    this.all();
    this.chosen = null;
    this.inverted = false;
  }

  level(share: number, wider: number): void {
    if (this.span && this.scale) this.chosen = moved(this.span, this.scale, share, wider);
  }

  choose(span: Span): void {
    if (this.scale) this.chosen = held(span, this.scale);
  }

  automatic(): void {
    this.chosen = null;
  }

  /** Begin or end measuring; it begins with a cross in the middle, for those who work by keys. */
  measure(): void {
    this.measuring = !this.measuring && this.ruler !== null;
    this.ends = [];
    this.at = this.measuring ? under(this.placed, { x: this.frame.width / 2, y: this.frame.height / 2 }) : null;
  }

  /** Set one end of what is measured; after two the next begins anew. */
  mark(point: Point | null = this.at): void {
    if (!this.told || !point) return;
    const held = {
      x: Math.min(Math.max(point.x, 0), this.told.width),
      y: Math.min(Math.max(point.y, 0), this.told.height),
    };
    this.ends = this.ends.length === 1 ? [...this.ends, held] : [held];
  }

  /** Move the cross by pixels of the canvas; the picture follows where it leaves the frame. */
  move(dx: number, dy: number): void {
    const { placed: at, told } = this;
    if (!this.at || !told) return;
    const to = {
      x: Math.min(Math.max(this.at.x + dx / at.sx, 0), told.width),
      y: Math.min(Math.max(this.at.y + dy / at.sy, 0), told.height),
    };
    this.at = to;
    const [x, y] = [at.x + to.x * at.sx, at.y + to.y * at.sy];
    this.pan(beyond(x, this.frame.width), beyond(y, this.frame.height));
  }
}

function beyond(at: number, size: number): number {
  const edge = Math.min(20, size / 4);
  return Math.min(at - edge, 0) + Math.max(at - size + edge, 0);
}
