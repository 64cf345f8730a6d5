import { expect, it } from 'vitest';
import { untilThere } from './patience';
import { OtherVersion, type Pixels } from './pixels';

const PIXELS: Pixels = { width: 1, height: 1, grey: new Uint8ClampedArray(1) };

function answers(...each: (Pixels | Error)[]) {
  return () => {
    const next = each.shift()!;
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
}

it('asks again, and tells only of what failed', async () => {
  const waits: number[] = [];
  let failures = 0;
  const ask = answers(new OtherVersion('12'), new Error('500'), PIXELS);
  const pause = (ms: number) => (waits.push(ms), Promise.resolve());
  expect(await untilThere(ask, new AbortController().signal, () => (failures += 1), pause)).toBe(PIXELS);
  expect(failures).toBe(1);
  expect(waits[0]).toBeLessThan(waits[1]!);
});

it('stops asking when given up', async () => {
  const giveUp = new AbortController();
  const asked = untilThere(() => Promise.reject(new Error('away')), giveUp.signal, () => giveUp.abort());
  await expect(asked).rejects.toThrow(/abort/i);
  expect(giveUp.signal.aborted).toBe(true);
});
