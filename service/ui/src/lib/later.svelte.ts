/**
 * A part of the build that the first paint does not need: fetched soon after it, kept from then on.
 *
 * What could not be fetched is told where it is missed (`booth/Coming.svelte`) and asked for again from there.
 */
export class Later<T> {
  part = $state.raw<T | null>(null);
  /** The last try failed; stays until one succeeds. */
  failed = $state(false);
  coming = $state(false);
  #load: () => Promise<T>;
  #under_way: Promise<boolean> | null = null;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Fetch it unless it is there or on its way; whether it is there now. */
  fetch(): Promise<boolean> {
    if (this.part !== null) return Promise.resolve(true);
    this.#under_way ??= this.#try().finally(() => (this.#under_way = null));
    return this.#under_way;
  }

  async #try(): Promise<boolean> {
    this.coming = true;
    try {
      this.part = await this.#load();
      this.failed = false;
    } catch {
      this.failed = true;
    }
    this.coming = false;
    return this.part !== null;
  }
}

// The next try takes a style sheet that stands in the document for one that is there: one that did not come goes.
globalThis.document?.addEventListener(
  'error',
  ({ target }) => {
    if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') target.remove();
  },
  true,
);

/** Run something once what is drawn now stands on the screen and the page has nothing else to do. */
export function afterPaint(work: () => void): void {
  requestAnimationFrame(() => setTimeout(() => (globalThis.requestIdleCallback ?? setTimeout)(() => work())));
}
