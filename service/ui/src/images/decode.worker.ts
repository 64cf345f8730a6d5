/** Decodes pictures beside the page, which never stands still for one. */
import { decodePng } from './png';
import { imageOf } from './pyramid';

export interface Asked {
  id: number;
  file: ArrayBuffer;
  white: number;
}

self.onmessage = async ({ data: { id, file, white } }: MessageEvent<Asked>) => {
  try {
    const image = imageOf(await decodePng(new Uint8Array(file)), white);
    const moved = [...image.levels.map(({ grey }) => grey.buffer), image.histogram.buffer];
    self.postMessage({ id, image }, { transfer: moved });
  } catch (error) {
    self.postMessage({ id, failed: String(error) });
  }
};
