/** What is asked of the service about a scan that is past. */
import { ask, Refusal } from '../lib/ask';
import type { Timeline } from '../lib/types';
import type { PictureAddress } from '../images/address';

const folder = (scan: string) => `/scans/${encodeURIComponent(scan)}/replay`;

/** A scan's recordings on a line of time; while the service reads them it is asked again. */
export async function timelineOf(scan: string, signal: AbortSignal, pause_ms = 1000): Promise<Timeline> {
  for (;;) {
    try {
      return await ask<Timeline>('GET', folder(scan));
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'replay_preparing') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause_ms));
    signal.throwIfAborted();
  }
}

/** Where a recorded scan's pictures are. */
export function recordedPictures(scan: string): PictureAddress {
  return (sensor, _heat, version) => `/api/v1${folder(scan)}/pictures/${encodeURIComponent(sensor)}?at=${version}`;
}
