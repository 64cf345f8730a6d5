/** Somebody's hand keeps a booth from locking, and is told once a minute at most. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { presence, TOLD_EACH_MS } from '../src/lib/presence';
import { stream } from '../src/lib/stream.svelte';
import type { Me } from '../src/lib/types';

const me: Me = { name: 'anna', role: 'officer', permissions: [], expires_utc_ms: 2e12, locked: false, locks_utc_ms: 2e12, has_pin: true };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  stream.me = me;
});
afterEach(() => {
  vi.useRealTimers();
  stream.me = null;
});

it('a key is told at once, the next after a minute', () => {
  const target = new EventTarget();
  const tell = vi.fn(async () => {});
  const stop = presence(target, tell);
  target.dispatchEvent(new Event('keydown'));
  target.dispatchEvent(new Event('pointerdown'));
  expect(tell).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(TOLD_EACH_MS);
  target.dispatchEvent(new Event('pointerdown'));
  expect(tell).toHaveBeenCalledTimes(2);
  stop();
});

it('a locked booth tells nothing: only the PIN opens it', () => {
  const target = new EventTarget();
  const tell = vi.fn(async () => {});
  stream.me = { ...me, locked: true };
  const stop = presence(target, tell);
  target.dispatchEvent(new Event('keydown'));
  expect(tell).not.toHaveBeenCalled();
  stop();
});
