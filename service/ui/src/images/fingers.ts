/** Mouse and fingers on a picture: drag, pinch, right button, wheel, double click. */
import type { Point } from './measure';
import { under } from './view';
import type { Viewing } from './viewing.svelte';

const STILL = 4;
/** A whole frame dragged with the right button: so much of the values, and so many times wider. */
const LEVEL = 1;
const WIDER = 8;

export class Fingers {
  private readonly down = new Map<number, Point>();
  private moved = 0;

  constructor(private readonly viewing: Viewing) {}

  /** The place of an event on the canvas, in the canvas's own pixels. */
  place(event: MouseEvent): Point {
    const canvas = event.currentTarget as HTMLElement;
    const { left, top, width } = canvas.getBoundingClientRect();
    const px = this.viewing.frame.width / Math.max(width, 1);
    return { x: (event.clientX - left) * px, y: (event.clientY - top) * px };
  }

  press(event: PointerEvent): void {
    if (event.button > 2) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    if (this.down.size === 0) this.moved = 0;
    this.down.set(event.pointerId, this.place(event));
  }

  move(event: PointerEvent): void {
    const { viewing } = this;
    const now = this.place(event);
    const before = this.down.get(event.pointerId);
    // while something is dragged no value is told: the picture moves, not the pointer over it
    if (viewing.measuring) viewing.at = under(viewing.placed, now);
    else if (before) viewing.at = null;
    else if (event.pointerType !== 'touch') viewing.at = under(viewing.placed, now);
    if (!before) return;
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    this.moved += Math.abs(dx) + Math.abs(dy);
    const other = [...this.down].find(([id]) => id !== event.pointerId)?.[1];
    this.down.set(event.pointerId, now);
    if (event.buttons & 2) {
      viewing.level((-dy / viewing.frame.height) * LEVEL, WIDER ** (dx / viewing.frame.width));
    } else if (other) {
      const apart = (from: Point): number => Math.max(Math.hypot(from.x - other.x, from.y - other.y), 1);
      viewing.zoom(apart(now) / apart(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
      viewing.pan(-dx / 2, -dy / 2);
    } else if (this.moved > STILL) viewing.pan(-dx, -dy);
  }

  lift(event: PointerEvent): void {
    const known = this.down.delete(event.pointerId);
    if (!known || event.type !== 'pointerup' || this.moved > STILL || !this.viewing.measuring || event.button !== 0) return;
    this.viewing.mark(under(this.viewing.placed, this.place(event)));
  }

  wheel(event: WheelEvent): void {
    const lines = event.deltaMode === 0 ? event.deltaY / 100 : event.deltaY / 3;
    this.viewing.zoom(1.25 ** -Math.min(Math.max(lines, -3), 3), this.place(event));
  }

  twice(event: MouseEvent): void {
    if (!this.viewing.measuring) this.viewing.zoom(event.shiftKey ? 0.5 : 2, this.place(event));
  }
}
