/**
 * Draws a picture from tiles that are as large on the screen as they are made, so that moving it only copies.
 *
 * A tile has all of it: the values in their colours, warm spots and hatching. It is made again where
 * zoom, colours or what lies over the picture change.
 */
import { dressed, type Dress } from './dress';
import type { Image } from './pyramid';
import type { Placed, Size } from './view';

const SIDE = 256;
/** Making tiles stops for this picture of the screen after so long; the rest follows with the next. */
const BUDGET_MS = 10;
const MOST = 200;
const OVERVIEW = 1024;

interface Tile {
  readonly canvas: OffscreenCanvas;
  dress: Dress | null;
}

/** The tiles of one picture. */
export class Tiles {
  private tiles = new Map<string, Tile>();
  private spare: Tile[] = [];
  private scale = '';
  private readonly overview: Tile;

  constructor(
    readonly image: Image,
    /** What is told of it, which may be larger than what came. */
    private readonly told: Size,
  ) {
    const { width, height } = this.coarse;
    this.overview = { canvas: new OffscreenCanvas(width, height), dress: null };
  }

  private get coarse(): Size {
    const { levels } = this.image;
    return levels.find(({ width, height }) => Math.max(width, height) <= OVERVIEW) ?? levels.at(-1)!;
  }

  /** Draw what is in sight; true when some of it, or what is beside it, waits to be made. */
  draw(context: CanvasRenderingContext2D, at: Placed, frame: Size, dress: Dress): boolean {
    const until = performance.now() + BUDGET_MS;
    const scale = `${at.sx} ${at.sy}`;
    if (scale !== this.scale) {
      this.spare.push(...this.tiles.values());
      this.tiles.clear();
      this.scale = scale;
    }
    const whole = { width: Math.round(at.sx * this.told.width), height: Math.round(at.sy * this.told.height) };
    const across = Math.ceil(whole.width / SIDE);
    const down = Math.ceil(whole.height / SIDE);
    const [left, top] = [Math.floor(-at.x / SIDE), Math.floor(-at.y / SIDE)];
    const [right, bottom] = [Math.floor((frame.width - at.x - 1) / SIDE), Math.floor((frame.height - at.y - 1) / SIDE)];
    let late = false;
    // those in sight first, then those around them
    for (const around of [0, 1]) {
      for (let row = Math.max(top - around, 0); row <= Math.min(bottom + around, down - 1); row += 1) {
        for (let column = Math.max(left - around, 0); column <= Math.min(right + around, across - 1); column += 1) {
          const seen = row >= top && row <= bottom && column >= left && column <= right;
          if (seen === (around === 1)) continue;
          const name = `${column} ${row}`;
          let tile = this.tiles.get(name);
          if (tile?.dress !== dress) {
            if (performance.now() < until) tile = this.made(tile, name, column, row, whole, dress);
            else late = true;
          }
          if (!seen) continue;
          const [x, y] = [at.x + column * SIDE, at.y + row * SIDE];
          if (tile) context.drawImage(tile.canvas, x, y);
          else this.drawCoarse(context, x, y, column, row, whole, dress);
        }
      }
    }
    return late;
  }

  private made(known: Tile | undefined, name: string, column: number, row: number, whole: Size, dress: Dress): Tile {
    const width = Math.min(SIDE, whole.width - column * SIDE);
    const height = Math.min(SIDE, whole.height - row * SIDE);
    let tile = known ?? this.spare.pop();
    if (!known && this.tiles.size >= MOST) {
      const [oldest] = this.tiles.keys();
      tile ??= this.tiles.get(oldest!);
      this.tiles.delete(oldest!);
    }
    tile ??= { canvas: new OffscreenCanvas(width, height), dress: null };
    if (tile.canvas.width !== width || tile.canvas.height !== height) {
      [tile.canvas.width, tile.canvas.height] = [width, height];
    }
    this.tiles.set(name, tile);
    dressed(tile.canvas, this.image, { x: column * SIDE, y: row * SIDE, width, height }, whole, dress);
    tile.dress = dress;
    return tile;
  }

  /** What is not made yet is drawn from far away for a moment. */
  private drawCoarse(
    context: CanvasRenderingContext2D,
    x: number,
    y: number,
    column: number,
    row: number,
    whole: Size,
    dress: Dress,
  ): void {
    const { canvas } = this.overview;
    if (this.overview.dress !== dress) {
      dressed(canvas, this.image, { x: 0, y: 0, width: canvas.width, height: canvas.height }, canvas, dress);
      this.overview.dress = dress;
    }
    const [wide, high] = [canvas.width / whole.width, canvas.height / whole.height];
    const width = Math.min(SIDE, whole.width - column * SIDE);
    const height = Math.min(SIDE, whole.height - row * SIDE);
    context.drawImage(
      canvas,
      column * SIDE * wide,
      row * SIDE * high,
      width * wide,
      height * high,
      x,
      y,
      width,
      height,
    );
  }
}
