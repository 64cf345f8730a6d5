/** Fetches a picture's grey pixels: an 8-bit PNG, its values untouched by colour management. */
import { greyOf } from './colours';

/** Grey values of a picture, row by row, 0 to 255. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8ClampedArray;
}

/** Gives the address of a sensor's picture, or of the heat map that goes with it. */
export type PictureAddress = (sensor: string, heat: boolean, version: number) => string;

/** Where the service has a lane's pictures; the version makes a new picture a new address. */
export function servedPictures(lane: string): PictureAddress {
  const folder = `/api/v1/lanes/${encodeURIComponent(lane)}/pictures`;
  return (sensor, heat, version) => `${folder}/${encodeURIComponent(sensor)}${heat ? '/heat' : ''}?version=${version}`;
}

/** The service holds another version than the one asked for: it comes with the lane's next words. */
export class OtherVersion extends Error {}

/** The version that an answer's ETag begins with; null where it has none. */
export function versionOf(etag: string | null): number | null {
  const found = /^(?:W\/)?"(\d+)-/.exec(etag ?? '');
  return found ? Number(found[1]) : null;
}

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

/** Put colours on a canvas of the picture's own size. */
export function paint(canvas: HTMLCanvasElement, pixels: Pixels, rgba: Uint8ClampedArray<ArrayBuffer>): void {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, pixels.width, pixels.height), 0, 0);
}
