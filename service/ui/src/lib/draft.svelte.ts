/** The fields of a form whose contents outlive a reload, a lost session and a look at another page. */
import { untrack } from 'svelte';
import { forget, keep, kept, same, type Draft, type Typed } from './draft';
import { stream } from './stream.svelte';

/** Made in a component's beginning. `against` names what stands there already, as a change of it matters. */
export class Drafted<T extends Typed> {
  typed: T = $state()!;
  /** What was typed earlier and is shown again; null where somebody begins. */
  restored = $state.raw<Draft<T> | null>(null);

  #who: string;
  #what: string;
  #begin: T;
  #sent = false;

  constructor(what: string, begin: T, against = '') {
    this.#who = untrack(() => stream.me?.name ?? '');
    this.#what = what;
    this.#begin = begin;
    this.restored = kept(this.#who, what, begin);
    this.typed = structuredClone(this.restored?.typed ?? begin);
    const since = this.restored?.against ?? against;
    $effect(() => {
      const typed = $state.snapshot(this.typed) as T;
      if (this.#sent) return;
      if (same(typed, begin)) forget(this.#who, what);
      else keep(this.#who, what, { typed, at_ms: Date.now(), against: since });
    });
  }

  /** It was sent: nothing is to be kept. */
  done(): void {
    this.#sent = true;
    forget(this.#who, this.#what);
  }

  /** Throw away what was typed earlier. */
  afresh(): void {
    this.restored = null;
    this.typed = structuredClone(this.#begin);
  }

  /** It was sent, and the form stays for the next one. */
  next(): void {
    this.done();
    this.afresh();
    this.#sent = false;
  }
}
