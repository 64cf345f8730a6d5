/** A picture is shown only in a version that the lane named, with what was told of that version. */
import { afterEach, expect, it, vi } from 'vitest';
import type { Picture } from '../lib/types';
import { versionOf } from './address';
import { Following } from './following.svelte';
import { imageOf } from './pyramid';

const picture = (version: number, scan_id = 'A', more: Partial<Picture> = {}): Picture => ({
  ...{ sensor: 'xray', kind: 'xray', version, scan_id, width: 4, height: 2, unit: '', low: 0, high: version },
  ...{ white: 65532, pixel_mm: null, places_mm: [], heat: false, passing: false, taken_utc_ms: null, ...more },
});
const image = () => imageOf({ width: 1, height: 1, grey: new Uint16Array(1) }, 65532);
const address = (sensor: string, heat: boolean, version: number) => `/${sensor}/${heat}?${version}`;

/** Answers that come when the test says so, with the versions that they hold. */
function service(): { asked: string[]; answer: (version: number | null, status?: number) => Promise<void> } {
  const asked: string[] = [];
  const waiting: ((response: Response) => void)[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    return new Promise<Response>((resolve) => waiting.push(resolve));
  });
  return {
    asked,
    answer: async (version, status = 200) => {
      const headers: HeadersInit = version === null ? {} : { ETag: `"${version}-9f86d081884c7d65"` };
      waiting.shift()!(new Response(status === 200 ? 'pixels' : null, { status, headers }));
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

function following(): Following {
  vi.useFakeTimers();
  return new Following(() => Promise.resolve(image()));
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('reads the version that an ETag begins with', () => {
  expect(versionOf('"12-9f86d081884c7d65"')).toBe(12);
  expect(versionOf('W/"3-9f86d081884c7d65"')).toBe(3);
  expect(versionOf(null)).toBeNull();
  expect(versionOf('"deadbeef"')).toBeNull();
});

it('never takes the picture before for the one that was asked for', async () => {
  const { asked, answer } = service();
  const one = following();
  one.want(picture(12), address);
  await answer(11);
  expect([one.shown, one.failed]).toEqual([null, false]);
  await vi.advanceTimersByTimeAsync(300);
  expect(asked).toEqual(['/xray/false?12', '/xray/false?12']);
  await answer(12);
  expect(one.shown?.told.version).toBe(12);
});

it('shows a growing picture though a newer one was named meanwhile, each with its own scale', async () => {
  const { answer } = service();
  const one = following();
  one.want(picture(12), address);
  one.want(picture(13), address);
  await answer(12);
  expect(one.shown?.told.high).toBe(12);
  await answer(13);
  expect(one.shown?.told.high).toBe(13);
});

it('takes a newer version than it asked for once the lane has named it', async () => {
  const { answer } = service();
  const one = following();
  one.want(picture(12), address);
  await answer(14);
  expect(one.shown).toBeNull();
  one.want(picture(14), address);
  await vi.advanceTimersByTimeAsync(300);
  await answer(14);
  expect(one.shown?.told.version).toBe(14);
});

it('takes another lorry’s picture away before the next one comes', async () => {
  const { answer } = service();
  const one = following();
  one.want(picture(12, 'A'), address);
  await answer(12);
  one.want(picture(13, 'B'), address);
  expect(one.shown).toBeNull();
});

it('asks again where asking failed, and says so', async () => {
  const { asked, answer } = service();
  const one = following();
  one.want(picture(12), address);
  await answer(null, 404);
  expect([one.failed, asked.length]).toEqual([true, 1]);
  await vi.advanceTimersByTimeAsync(2000);
  await answer(12);
  expect([one.failed, one.shown?.told.version]).toEqual([false, 12]);
});

it('lays a late heat map over its own picture only', async () => {
  const { answer } = service();
  const one = following();
  one.want(picture(12, 'A', { heat: true }), address);
  await answer(12);
  await vi.advanceTimersByTimeAsync(800);
  expect([one.shown?.told.version, one.shown?.heat]).toEqual([12, null]);
  await answer(12);
  expect(one.shown?.heat).not.toBeNull();
});
