/** What is drawn over a picture: boxes, a length. */
import { OVER } from './colours';
import type { Point } from './measure';
import type { Placed } from './view';

type Context = CanvasRenderingContext2D;

/** A frame around a place of a picture, in its pixels. */
export interface Framed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly label: string;
}

/** Draw boxes with what stands at them. `px` is a CSS pixel's size, `font` that of the page. */
export function drawBoxes(context: Context, boxes: readonly Framed[], at: Placed, px: number, font: string): void {
  for (const box of boxes) {
    const place = [at.x + box.x * at.sx, at.y + box.y * at.sy, box.width * at.sx, box.height * at.sy] as const;
    for (const [colour, width] of [[OVER.dark, 5], [OVER.light, 2]] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width * px;
      context.strokeRect(...place);
    }
    label(context, box.label, place[0], place[1], px, font);
  }
}

/** Words on black, above a place where there is room. */
function label(context: Context, words: string, x: number, y: number, px: number, font: string): void {
  context.font = font;
  context.textBaseline = 'middle';
  const high = 20 * px;
  const top = y - high < 0 ? y : y - high;
  context.fillStyle = OVER.dark;
  context.fillRect(x, top, context.measureText(words).width + 10 * px, high);
  context.fillStyle = OVER.light;
  context.fillText(words, x + 5 * px, top + high / 2 + px);
}

/** Draw a measured line, or its first end alone, with its length. */
export function drawRuler(
  context: Context,
  ends: readonly Point[],
  words: string,
  at: Placed,
  px: number,
  font: string,
): void {
  const points = ends.map(({ x, y }) => [at.x + x * at.sx, at.y + y * at.sy] as const);
  for (const [colour, width] of [[OVER.dark, 5], [OVER.ruler, 2]] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width * px;
    context.beginPath();
    points.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    for (const [x, y] of points) {
      context.moveTo(x - 8 * px, y);
      context.lineTo(x + 8 * px, y);
      context.moveTo(x, y - 8 * px);
      context.lineTo(x, y + 8 * px);
    }
    context.stroke();
  }
  const last = points.at(-1);
  if (words && last) label(context, words, last[0] + 10 * px, last[1], px, font);
}
