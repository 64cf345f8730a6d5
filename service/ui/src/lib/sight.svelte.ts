/** Whether anything of an element stands on the screen: what nobody sees is drawn seldom. */

/** Out of sight something is drawn no more often than this: it is never much older than what it shows. */
export const UNSEEN_MS = 2000;

export class Sight {
  inSight = $state(true);
  #drawnAt = -Infinity;

  /** Watch an element from now on; what ends it is returned. */
  watch(element: Element): () => void {
    const watcher = new IntersectionObserver((entries) => (this.inSight = entries.at(-1)!.isIntersecting));
    watcher.observe(element);
    return () => watcher.disconnect();
  }

  /** How long its next drawing may wait, ms; asked in an effect, it is asked again when it comes into sight. */
  wait_ms(): number {
    return this.inSight ? 0 : Math.max(0, this.#drawnAt + UNSEEN_MS - performance.now());
  }

  /** It was drawn just now. */
  drew(): void {
    this.#drawnAt = performance.now();
  }
}
