/** Texts of the history page. */
import { texts } from '../i18n/index.svelte';
import { historyEn } from './words.en';
import { historyFr } from './words.fr';

export const w = texts(historyEn, historyFr);
