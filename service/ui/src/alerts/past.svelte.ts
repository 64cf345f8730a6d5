/** Alerts that were asked for, page by page. */
import { untrack } from 'svelte';
import { Action } from '../lib/action.svelte';
import { stream } from '../lib/stream.svelte';
import type { Alert } from '../lib/types';
import { alertsFound, asNow, PAGE, wantedOf } from './find';

export class PastAlerts {
  readonly action = new Action();
  answered = $state(false);
  /** Whether there may be older ones. */
  more = $state(false);
  #found = $state.raw<Alert[]>([]);
  #asked = '';

  get shown(): Alert[] {
    return asNow(this.#found, stream.alerts);
  }

  /** Ask what an address asks for, unless that was answered already; `again` asks in any case. */
  ask(query: Readonly<Record<string, string>>, again = false): void {
    const wanted = wantedOf(query);
    const words = JSON.stringify(wanted);
    if (words === this.#asked && !again) return;
    this.#asked = words;
    void untrack(() => this.#fetch(words));
  }

  async older(): Promise<void> {
    const words = this.#asked;
    await this.action.run(async () => {
      const page = await alertsFound(JSON.parse(words), this.#found.at(-1)?.id);
      if (words !== this.#asked) return;
      this.#found = [...this.#found, ...page];
      this.more = page.length === PAGE;
    });
  }

  async #fetch(words: string): Promise<void> {
    await this.action.run(async () => {
      const page = await alertsFound(JSON.parse(words));
      if (words !== this.#asked) return;
      this.#found = page;
      this.more = page.length === PAGE;
      this.answered = true;
    });
    if (words !== this.#asked) await this.#fetch(this.#asked); // something else was asked meanwhile
    else if (this.action.refusal) this.#asked = ''; // asking the same again is a new try
  }
}
