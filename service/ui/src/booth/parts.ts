/** Parts of the build that come after the first paint: what draws curves and pictures, and the other language. */
import { awaited, learn, speak } from '../i18n/index.svelte';
import { Later } from '../lib/later.svelte';

/** What draws the curves, with uPlot. */
export const plots = new Later(() => import('../lane/TracePlot.svelte'));
/** What shows a picture with its tools, and over the whole page. */
export const figures = new Later(() => import('../images/ImageFigure.svelte'));

/** Fetch what is not there yet, so that it is when the service is away; a language that did not come is tried again. */
export function fetchParts(): void {
  for (const part of [plots, figures]) void part.fetch();
  const waits = awaited();
  void (waits ? speak(waits.language) : learn());
}
