/** The viewer's keys. */
import type { Viewing } from './viewing.svelte';

const STEP = 0.1;
const LEVEL = 0.02;
const WIDER = 1.15;
const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What keys ask for that the picture itself cannot do. */
export interface Beyond {
  full?: (() => void) | undefined;
  help: () => void;
}

/** Do what a key asks for; false where it asks for nothing here. */
export function press(viewing: Viewing, event: KeyboardEvent, beyond: Beyond): boolean {
  const arrow = ARROWS[event.key];
  if (event.altKey || event.metaKey || (event.ctrlKey && !arrow)) return false;
  if (arrow) {
    const [x, y] = arrow;
    if (event.ctrlKey) viewing.level(-y * LEVEL, x === 0 ? 1 : WIDER ** x);
    else if (viewing.measuring) viewing.move(x * (event.shiftKey ? 40 : 4), y * (event.shiftKey ? 40 : 4));
    else {
      const step = event.shiftKey ? 5 * STEP : STEP;
      viewing.pan(x * step * viewing.frame.width, y * step * viewing.frame.height);
    }
    return true;
  }
  switch (event.key.toLowerCase()) {
    case '+':
    case '=':
      viewing.zoom(1.5);
      break;
    case '-':
      viewing.zoom(1 / 1.5);
      break;
    case '0':
    case 'home':
      viewing.all();
      break;
    case 'a':
      viewing.automatic();
      break;
    case 'r':
      viewing.reset();
      break;
    case 'i':
      viewing.inverted = !viewing.inverted;
      break;
    case 'b':
      viewing.boxes = !viewing.boxes;
      break;
    case 'h':
      viewing.heat = !viewing.heat;
      break;
    case 'n':
      viewing.hatched = !viewing.hatched;
      break;
    case 'm':
      viewing.measure();
      break;
    case 'enter':
    case ' ':
      if (!viewing.measuring) return false;
      viewing.mark();
      break;
    case 'escape':
      if (!viewing.measuring) return false;
      viewing.measure();
      break;
    case 'f':
      if (!beyond.full) return false;
      beyond.full();
      break;
    case '?':
      beyond.help();
      break;
    default:
      return false;
  }
  return true;
}
