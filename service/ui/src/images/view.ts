/** Where a picture stands in its frame: all of it, or a part that is larger. */
import type { Point } from './measure';

/** What is looked at: `zoom` times as large as all of it, `u` and `v` in the middle, as shares of the whole. */
export interface Look {
  readonly zoom: number;
  readonly u: number;
  readonly v: number;
}

export const ALL: Look = { zoom: 1, u: 0.5, v: 0.5 };
const LARGEST = 64;

/** Something wide and high. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How places of a picture become places on the screen. */
export interface Placed {
  /** Screen pixels a picture's pixel is wide and high. */
  readonly sx: number;
  readonly sy: number;
  /** Where the picture's left upper corner is. */
  readonly x: number;
  readonly y: number;
}

/** Screen pixels a unit of `whole` has, when all of it is seen. */
export function fitting(whole: Size, frame: Size): number {
  return Math.max(Math.min(frame.width / whole.width, frame.height / whole.height), 1e-6);
}

/** A look that shows no more emptiness than it must. */
export function kept({ zoom, u, v }: Look, whole: Size, frame: Size): Look {
  const larger = Math.min(Math.max(zoom, 1), LARGEST);
  const scale = fitting(whole, frame) * larger;
  const within = (at: number, seen: number): number => (seen >= 0.5 ? 0.5 : Math.min(Math.max(at, seen), 1 - seen));
  return {
    zoom: larger,
    u: within(u, frame.width / (2 * scale * whole.width)),
    v: within(v, frame.height / (2 * scale * whole.height)),
  };
}

/** Zoom so that what is at a place of the frame stays there; without one the middle stays. */
export function zoomed(look: Look, factor: number, whole: Size, frame: Size, at?: Point): Look {
  const zoom = Math.min(Math.max(look.zoom * factor, 1), LARGEST);
  const fit = fitting(whole, frame);
  const [dx, dy] = at ? [at.x - frame.width / 2, at.y - frame.height / 2] : [0, 0];
  const shift = 1 / (fit * look.zoom) - 1 / (fit * zoom);
  return kept({ zoom, u: look.u + (dx * shift) / whole.width, v: look.v + (dy * shift) / whole.height }, whole, frame);
}

/** Move what is looked at by screen pixels. */
export function panned(look: Look, dx: number, dy: number, whole: Size, frame: Size): Look {
  const scale = fitting(whole, frame) * look.zoom;
  return kept({ ...look, u: look.u + dx / scale / whole.width, v: look.v + dy / scale / whole.height }, whole, frame);
}

/**
 * Where a picture stands on the screen.
 *
 * `whole` is what can be looked at, in units of which a picture's pixel has `unit`; the picture has its left
 * upper corner, so that two pictures beside each other can share a look.
 */
export function placed(look: Look, whole: Size, frame: Size, unit: Size): Placed {
  const scale = fitting(whole, frame) * look.zoom;
  return {
    sx: scale * unit.width,
    sy: scale * unit.height,
    x: frame.width / 2 - look.u * whole.width * scale,
    y: frame.height / 2 - look.v * whole.height * scale,
  };
}

/** The place of a picture that is at a place of the screen. */
export function under({ sx, sy, x, y }: Placed, at: Point): Point {
  return { x: (at.x - x) / sx, y: (at.y - y) / sy };
}
