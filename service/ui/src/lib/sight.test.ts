/** Out of sight something is drawn seldom, and at once when it comes into sight. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Sight, UNSEEN_MS } from './sight.svelte';

let tell: (isIntersecting: boolean) => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(take: (entries: { isIntersecting: boolean }[]) => void) {
        tell = (isIntersecting) => take([{ isIntersecting }]);
      }
      observe(): void {}
      disconnect(): void {}
    },
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('waits for nothing in sight, nor the first time', () => {
  const sight = new Sight();
  sight.watch({} as Element);
  sight.drew();
  expect(sight.wait_ms()).toBe(0);
  const below = new Sight();
  below.watch({} as Element);
  tell(false);
  expect(below.wait_ms()).toBe(0);
});

it('waits out of sight, and no more once it is seen', () => {
  const sight = new Sight();
  sight.watch({} as Element);
  tell(false);
  sight.drew();
  expect(sight.wait_ms()).toBe(UNSEEN_MS);
  vi.advanceTimersByTime(UNSEEN_MS);
  expect(sight.wait_ms()).toBe(0);
  sight.drew();
  tell(true);
  expect(sight.wait_ms()).toBe(0);
});
