/** Follows one sensor's picture: what is shown is always one that the lane named, whole, with its own scale. */
import type { Picture } from '../lib/types';
import { versionOf, type PictureAddress } from './address';
import { decoded } from './decoder';
import type { Grey } from './png';
import type { Image } from './pyramid';

/** A picture that is here, with what the lane told of this version. */
export interface Shown {
  readonly told: Picture;
  readonly image: Image;
  readonly heat: Grey | null;
}

type Decode = (file: ArrayBuffer, white: number) => Promise<Image>;

const RETRY_MS = 2000;
const COMING_MS = 300;
const HEAT_WITHIN_MS = 800;
const NAMED = 20;

/** The service holds another version than those that were named: it comes with the lane's next words. */
class OtherVersion extends Error {}

export class Following {
  /** The newest that is whole; the one before stays until then, but never another lorry's. */
  shown = $state.raw<Shown | null>(null);
  failed = $state(false);
  private readonly named = new Map<number, Picture>();
  private wanted: { picture: Picture; address: PictureAddress } | null = null;
  private giveUp: AbortController | null = null;

  constructor(private readonly decode: Decode = decoded) {}

  /** The lane names a picture: it is fetched next. One on its way is not given up, else none would ever be here. */
  want(picture: Picture, address: PictureAddress): void {
    const before = this.wanted;
    const same =
      before?.picture.scan_id === picture.scan_id && before.address('', false, 0) === address('', false, 0);
    if (!same) {
      this.end();
      this.shown = null;
      this.failed = false;
    }
    this.wanted = { picture, address };
    this.named.delete(picture.version);
    this.named.set(picture.version, picture);
    if (this.named.size > NAMED) this.named.delete(this.named.keys().next().value!);
    if (!this.giveUp) {
      const { signal } = (this.giveUp = new AbortController());
      this.follow(signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** Stop asking. */
  end(): void {
    this.giveUp?.abort();
    this.giveUp = null;
    this.wanted = null;
    this.named.clear();
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (this.wanted && this.shown?.told.version !== this.wanted.picture.version) {
      const { picture, address } = this.wanted;
      try {
        const { told, image } = await this.fetched(picture, address, signal);
        const heat = told.heat ? this.heat(told, address, signal) : null;
        const first = heat && (await Promise.race([heat, pause(HEAT_WITHIN_MS, signal).then(() => null)]));
        signal.throwIfAborted();
        this.shown = { told, image, heat: first };
        this.failed = false;
        if (heat && !first) void heat.then((late) => this.lay(late, told), () => undefined);
      } catch (error) {
        signal.throwIfAborted();
        const coming = error instanceof OtherVersion;
        if (!coming) this.failed = true;
        await pause(coming ? COMING_MS : RETRY_MS, signal);
      }
    }
    this.giveUp = null;
  }

  private async fetched(
    picture: Picture,
    address: PictureAddress,
    signal: AbortSignal,
  ): Promise<{ told: Picture; image: Image }> {
    const { file, sent } = await asked(address(picture.sensor, false, picture.version), signal);
    const told = this.named.get(sent ?? picture.version);
    if (!told || told.version < picture.version) throw new OtherVersion(`version ${sent}`);
    const image = await this.decode(file, told.white ?? 255);
    signal.throwIfAborted();
    return { told, image };
  }

  /** The heat map of a picture, null where it does not come. */
  private async heat({ sensor, version }: Picture, address: PictureAddress, signal: AbortSignal): Promise<Grey | null> {
    for (let left = 10; left > 0; left -= 1) {
      try {
        const { file, sent } = await asked(address(sensor, true, version), signal);
        if (sent === null || sent === version) return (await this.decode(file, 255)).levels[0]!;
      } catch {
        signal.throwIfAborted();
      }
      await pause(COMING_MS, signal);
    }
    return null;
  }

  private lay(heat: Grey | null, told: Picture): void {
    if (this.shown?.told === told) this.shown = { ...this.shown, heat };
  }
}

async function asked(address: string, signal: AbortSignal): Promise<{ file: ArrayBuffer; sent: number | null }> {
  const response = await fetch(address, { signal, credentials: 'same-origin' });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const sent = versionOf(response.headers.get('ETag'));
  return { file: await response.arrayBuffer(), sent };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}
