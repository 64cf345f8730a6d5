/** What came is drawn at once, then no more often than asked, the last of it always. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Paced } from './paced';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('draws at once after a pause and the last of what comes faster a moment later', () => {
  const draw = vi.fn();
  const paced = new Paced(draw, 500);
  paced.came();
  expect(draw).toHaveBeenCalledTimes(1);
  for (let i = 0; i < 4; i += 1) {
    vi.advanceTimersByTime(100);
    paced.came();
  }
  expect(draw).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(100);
  expect(draw).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(5000);
  expect(draw).toHaveBeenCalledTimes(2);
  paced.came();
  expect(draw).toHaveBeenCalledTimes(3);
});

it('draws nothing once it has ended', () => {
  const draw = vi.fn();
  const paced = new Paced(draw, 500);
  paced.came();
  paced.came();
  paced.end();
  vi.advanceTimersByTime(5000);
  expect(draw).toHaveBeenCalledTimes(1);
});
