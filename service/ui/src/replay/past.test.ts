import { afterEach, expect, it, vi } from 'vitest';
import { ask, Refusal } from '../lib/ask';
import { timelineOf } from './past';

vi.mock('../lib/ask', async (original) => ({ ...(await original<typeof import('../lib/ask')>()), ask: vi.fn() }));
const asked = vi.mocked(ask);
const refused = (code: string): Refusal => new Refusal(code, 503);

afterEach(() => asked.mockReset());

it('asks again while the recording is read and where the answer is late', async () => {
  asked
    .mockRejectedValueOnce(refused('replay_preparing'))
    .mockRejectedValueOnce(refused('timeout'))
    .mockResolvedValueOnce({ visits: [] });
  expect(await timelineOf('a', new AbortController().signal, 0)).toEqual({ visits: [] });
});

it('gives up after late answers, and at once on anything else', async () => {
  asked.mockRejectedValue(refused('timeout'));
  await expect(timelineOf('a', new AbortController().signal, 0)).rejects.toMatchObject({ code: 'timeout' });
  expect(asked).toHaveBeenCalledTimes(7);
  asked.mockReset().mockRejectedValue(refused('replay_failed'));
  await expect(timelineOf('a', new AbortController().signal, 0)).rejects.toMatchObject({ code: 'replay_failed' });
  expect(asked).toHaveBeenCalledTimes(1);
});

it('asks no more when the page is left', async () => {
  asked.mockRejectedValue(refused('replay_preparing'));
  const left = new AbortController();
  const answer = timelineOf('a', left.signal, 0);
  left.abort();
  await expect(answer).rejects.toThrow();
});
