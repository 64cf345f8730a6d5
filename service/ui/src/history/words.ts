/** Texts of the history page. */
import { texts } from '../i18n/index.svelte';
import { historyEn } from './words.en';

export const w = texts(historyEn);
