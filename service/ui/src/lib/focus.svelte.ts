/** Keeps the focus in a part of the page whose pressed button has gone: who works by keys stays where they were. */
import { tick } from 'svelte';

/** Call in a component; `part` is where the focus stays, `changes` reads what makes buttons come and go. */
export function keepFocus(part: () => HTMLElement | undefined, changes: () => unknown): void {
  $effect.pre(() => {
    changes();
    const held = part()?.contains(document.activeElement) ?? false;
    if (!held) return;
    void tick().then(() => {
      if (document.activeElement === document.body) part()?.focus();
    });
  });
}
