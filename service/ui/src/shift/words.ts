/** The texts of the shift's page. */
import { texts } from '../i18n/index.svelte';
import { shiftEn } from './words.en';

export const ts = texts(shiftEn);
