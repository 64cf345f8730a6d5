/** Acts that need a password given just now: it is asked for when the service wants it, then the act goes on. */
import { Refusal } from '../lib/ask';

class Fresh {
  asked = $state(false);
  #settle: ((given: boolean) => void) | null = null;

  /** Ask for the password; true once it was given. */
  ask(): Promise<boolean> {
    this.#settle?.(false);
    this.asked = true;
    return new Promise((resolve) => (this.#settle = resolve));
  }

  /** The password was given, or is not going to be. */
  settle(given: boolean): void {
    this.asked = false;
    this.#settle?.(given);
    this.#settle = null;
  }
}

export const fresh = new Fresh();

/** Do it; where the service asks for the password first, ask for it and do it again. */
export async function sensitive<T>(work: () => Promise<T>, password: Pick<Fresh, 'ask'> = fresh): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'reauthenticate' || !(await password.ask())) throw error;
    return work();
  }
}
