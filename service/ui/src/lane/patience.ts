/** Asks for a picture until it is there: soon again where it is on its way, later where asking failed. */
import { OtherVersion, type Pixels } from './pixels';

const COMING_MS = 400;
const RETRY_MS = 2000;

/**
 * Rejects only when given up. `fails` is told of each failure that is none of coming late; `pause` waits so many
 * milliseconds, and rejects when given up.
 */
export async function untilThere(
  ask: () => Promise<Pixels>,
  signal: AbortSignal,
  fails: () => void,
  pause: (ms: number, signal: AbortSignal) => Promise<void> = wait,
): Promise<Pixels> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      const coming = error instanceof OtherVersion;
      if (!coming) fails();
      await pause(coming ? COMING_MS : RETRY_MS, signal);
    }
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason as Error)), { once: true });
  });
}
