/** Reads grey PNG files with all their bits: a browser's own reader keeps eight of sixteen. */

/** Grey values row by row, as many as `width` times `height`. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint16Array<ArrayBuffer>;
}

/** What came is no picture that this page shows. */
export class BadPicture extends Error {}

export const MOST_PIXELS = 2 ** 25;
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const [IHDR, IDAT, IEND] = [0x49484452, 0x49444154, 0x49454e44];

/** Decode a grey PNG of 8 or 16 bits; rejects with `BadPicture`, and never unpacks more than its size tells. */
export async function decodePng(file: Uint8Array<ArrayBuffer>): Promise<Grey> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (SIGNATURE.some((byte, i) => file[i] !== byte)) throw new BadPicture('no PNG');
  const packed: Uint8Array<ArrayBuffer>[] = [];
  let [width, height, bytes] = [0, 0, 0];
  for (let at = 8; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    const name = view.getUint32(at + 4);
    const body = at + 8;
    if (body + length + 4 > file.length) throw new BadPicture('cut off');
    if ((width === 0) !== (name === IHDR)) throw new BadPicture('no header');
    if (name === IHDR) {
      if (length !== 13) throw new BadPicture('no header');
      [width, height] = [view.getUint32(body), view.getUint32(body + 4)];
      const [bits, ...rest] = file.subarray(body + 8, body + 13);
      if (!(width * height > 0 && width * height <= MOST_PIXELS)) throw new BadPicture('its size');
      if ((bits !== 8 && bits !== 16) || rest.some((value) => value !== 0)) throw new BadPicture('not grey');
      bytes = bits / 8;
    } else if (name === IDAT) packed.push(file.subarray(body, body + length));
    else if (name === IEND) break;
    at = body + length + 4;
  }
  if (width === 0) throw new BadPicture('no header');
  const raw = await inflated(packed, height * (1 + width * bytes));
  return { width, height, grey: unfiltered(raw, width, height, bytes) };
}

/** Unpack exactly `size` bytes of zlib data. */
async function inflated(packed: Uint8Array<ArrayBuffer>[], size: number): Promise<Uint8Array> {
  const raw = new Uint8Array(size);
  const reader = new Blob(packed).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  let filled = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (filled + value.length > size) throw new BadPicture('more than its size');
      raw.set(value, filled);
      filled += value.length;
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    throw error instanceof BadPicture ? error : new BadPicture(`${error}`);
  }
  if (filled < size) throw new BadPicture('cut off');
  return raw;
}

/** Undo each row's filter (PNG, part 9), in place, and put its bytes together. */
function unfiltered(raw: Uint8Array, width: number, height: number, bytes: number): Uint16Array<ArrayBuffer> {
  const grey = new Uint16Array(width * height);
  const stride = width * bytes;
  for (let row = 0; row < height; row += 1) {
    const start = row * (stride + 1) + 1;
    const filter = raw[start - 1]!;
    const above = row === 0 ? -1 : start - stride - 1;
    if (filter > 4) throw new BadPicture('its filter');
    if (filter !== 0) unfilterRow(raw, start, stride, bytes, filter, above);
    const to = row * width;
    if (bytes === 1) for (let x = 0; x < width; x += 1) grey[to + x] = raw[start + x]!;
    else for (let x = 0, at = start; x < width; x += 1, at += 2) grey[to + x] = (raw[at]! << 8) | raw[at + 1]!;
  }
  return grey;
}

function unfilterRow(raw: Uint8Array, start: number, stride: number, bytes: number, filter: number, above: number): void {
  for (let i = 0; i < stride; i += 1) {
    const left = i >= bytes ? raw[start + i - bytes]! : 0;
    const up = above < 0 ? 0 : raw[above + i]!;
    let guess: number;
    if (filter === 1) guess = left;
    else if (filter === 2) guess = up;
    else if (filter === 3) guess = (left + up) >> 1;
    else {
      const corner = above >= 0 && i >= bytes ? raw[above + i - bytes]! : 0;
      const [toLeft, toUp] = [Math.abs(up - corner), Math.abs(left - corner)];
      const toCorner = Math.abs(left + up - 2 * corner);
      guess = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }
    raw[start + i] = raw[start + i]! + guess;
  }
}
