/** What is asked of the service about a scan that is past. */
import { ask, Refusal } from '../lib/ask';
import type { Timeline } from '../lib/types';
import type { PictureAddress } from '../images/address';

const folder = (scan: string) => `/scans/${encodeURIComponent(scan)}/replay`;

/** A busy machine answers late, and a long recording takes its time on the way: then it is asked again this often. */
const LATE_ANSWERS = 6;

/** A scan's recordings on a line of time; while the service reads them, and where it answers late, it is asked again. */
export async function timelineOf(scan: string, signal: AbortSignal, pause_ms = 1000): Promise<Timeline> {
  for (let late = 0; ; ) {
    try {
      return await ask<Timeline>('GET', folder(scan));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'timeout') late += 1;
      else if (error.code !== 'replay_preparing') throw error;
      if (late > LATE_ANSWERS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause_ms));
    signal.throwIfAborted();
  }
}

/** Where a recorded scan's pictures are. */
export function recordedPictures(scan: string): PictureAddress {
  return (sensor, _heat, version) => `/api/v1${folder(scan)}/pictures/${encodeURIComponent(sensor)}?at=${version}`;
}
