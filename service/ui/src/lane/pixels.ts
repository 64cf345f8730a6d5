/** Fetches a picture's grey pixels in 8 bits, enough for a small one; the image viewer decodes all sixteen. */
import { versionOf } from '../images/address';
import type { ColourMap } from '../images/colours';

/** Grey values of a picture, row by row, 0 to 255. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8ClampedArray;
}

/** The service holds another version than the one asked for: it comes with the lane's next words. */
export class OtherVersion extends Error {}

/**
 * Fetch and decode; rejects when there is none, or what came is no picture.
 *
 * The lane's view names a picture before its pixels arrive at the service: until then the service answers with
 * the one before, which may be of another lorry, and this rejects with `OtherVersion`.
 */
export async function fetchPixels(address: string, version: number, signal: AbortSignal): Promise<Pixels> {
  const response = await fetch(address, { signal, credentials: 'same-origin' });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const sent = versionOf(response.headers.get('ETag'));
  if (sent !== null && sent !== version) throw new OtherVersion(`${address}: version ${sent}`);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no canvas');
  context.drawImage(bitmap, 0, 0);
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height, grey: greyOf(context.getImageData(0, 0, width, height).data) };
}

/** Draw a picture on a canvas of its own size. */
export function paint(canvas: HTMLCanvasElement, pixels: Pixels, map: ColourMap): void {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  const rgba = coloured(stretched(pixels.grey), map);
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, pixels.width, pixels.height), 0, 0);
}

/** Of a thousand pixels so many may be brighter than white: single ones would leave all others dark. */
const GLARING = 5;

/** Stretch greys so that the brightest but for a few becomes white. */
export function stretched(grey: Uint8ClampedArray): Uint8ClampedArray {
  const counts = new Uint32Array(256);
  for (const one of grey) counts[one]! += 1;
  let white = 255;
  for (let left = (grey.length * GLARING) / 1000; white > 1 && counts[white]! <= left; white -= 1) left -= counts[white]!;
  return grey.map((one) => (one * 255) / white);
}

/** Colour a grey picture (one byte a pixel): returns RGBA, opaque. */
export function coloured(grey: Uint8ClampedArray, map: ColourMap): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(grey.length * 4).fill(255);
  for (let i = 0; i < grey.length; i += 1) rgba.set(map.subarray(3 * grey[i]!, 3 * grey[i]! + 3), 4 * i);
  return rgba;
}

/** Take the grey values out of RGBA pixels; grey pictures have them in each channel. */
function greyOf(rgba: Uint8ClampedArray): Uint8ClampedArray {
  const grey = new Uint8ClampedArray(rgba.length / 4);
  for (let i = 0; i < grey.length; i += 1) grey[i] = rgba[4 * i]!;
  return grey;
}
