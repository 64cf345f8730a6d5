/** Dark or light: as the machine is set, until somebody chooses here; the choice is remembered. */

export type Theme = 'dark' | 'light';

const REMEMBERED = 'lorryscan.theme';
const light = globalThis.matchMedia?.('(prefers-color-scheme: light)');

let machine = $state<Theme>(light?.matches ? 'light' : 'dark');
let chosen = $state<Theme | null>(remembered());
light?.addEventListener('change', ({ matches }) => (machine = matches ? 'light' : 'dark'));
show();

function remembered(): Theme | null {
  const stored = globalThis.localStorage?.getItem(REMEMBERED);
  return stored === 'dark' || stored === 'light' ? stored : null;
}

function show(): void {
  if (chosen !== null) document.documentElement.dataset['theme'] = chosen;
}

/** What is shown now. */
export function theme(): Theme {
  return chosen ?? machine;
}

/** Show the page so, and the next time too. */
export function paint(wanted: Theme): void {
  chosen = wanted;
  localStorage.setItem(REMEMBERED, wanted);
  show();
}
