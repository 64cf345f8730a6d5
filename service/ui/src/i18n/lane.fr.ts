/** The lane view's words in French, one for each English one. */
import type { laneEn } from './lane.en';

export const laneFr: Record<keyof typeof laneEn, string> = {
  lane: 'File',
};
