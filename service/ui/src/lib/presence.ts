/** Tells the service that somebody is at the booth, typing or pointing, so that it does not lock under their hands. */
import { api } from './api';
import { stream } from './stream.svelte';

export const TOLD_EACH_MS = 60_000;

/** Listen until the returned function is called; the service hears of it once a minute at most. */
export function presence(target: EventTarget, tell: () => Promise<void> = api.active): () => void {
  let told_at = -Infinity;
  const heard = (): void => {
    if (stream.me === null || stream.me.locked || performance.now() - told_at < TOLD_EACH_MS) return;
    told_at = performance.now();
    tell().catch(() => (told_at = -Infinity));
  };
  target.addEventListener('pointerdown', heard);
  target.addEventListener('keydown', heard);
  return () => {
    target.removeEventListener('pointerdown', heard);
    target.removeEventListener('keydown', heard);
  };
}
