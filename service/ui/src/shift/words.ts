/** The texts of the shift's page. */
import { texts } from '../i18n/index.svelte';
import { shiftEn } from './words.en';
import { shiftFr } from './words.fr';

export const ts = texts(shiftEn, shiftFr);
