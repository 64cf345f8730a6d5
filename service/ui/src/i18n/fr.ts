/** The shell's words in French, one for each English one. */
import type { en } from './en';

export const fr: Record<keyof typeof en, string> = {
  product: 'lorryscan',
};
