/** The page's end of the worker that decodes pictures. */
import type { Asked } from './decode.worker';
import type { Image } from './pyramid';

interface Answered {
  id: number;
  image?: Image;
  failed?: string;
}

let worker: Worker | null = null;
let asked = 0;
const waiting = new Map<number, { resolve: (image: Image) => void; reject: (error: Error) => void }>();

/** Decode a PNG file, whose bytes are given away; rejects where it is no picture. */
export function decoded(file: ArrayBuffer, white: number): Promise<Image> {
  worker ??= started();
  asked += 1;
  const id = asked;
  worker.postMessage({ id, file, white } satisfies Asked, [file]);
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function started(): Worker {
  const fresh = new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module' });
  fresh.onmessage = ({ data }: MessageEvent<Answered>) => {
    const one = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.image) one?.resolve(data.image);
    else one?.reject(new Error(data.failed));
  };
  // it could not be loaded, or broke: the next picture starts another
  fresh.onerror = () => {
    fresh.terminate();
    worker = null;
    for (const one of waiting.values()) one.reject(new Error('no decoder'));
    waiting.clear();
  };
  return fresh;
}
