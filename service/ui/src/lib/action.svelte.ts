/** One thing that an officer asked for: whether it is under way, and what failed, to be shown near its button. */
import { Refusal } from './api';
import { stream } from './stream.svelte';

export class Action {
  busy = $state(false);
  refusal = $state.raw<Refusal | null>(null);

  /** Do it unless it is under way; true when it was done. A refusal stays until the next try. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.refusal = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.refusal = error instanceof Refusal ? error : new Refusal('unexpected', 0, String(error));
      if (this.refusal.status === 401 && stream.me !== null) stream.end('session_ended');
      // what was typed stays where it is, under the question for the PIN
      if (this.refusal.code === 'locked' && stream.me !== null) stream.me = { ...stream.me, locked: true };
      return false;
    } finally {
      this.busy = false;
    }
  }
}
