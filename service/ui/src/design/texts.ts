/** The texts of the page that shows the design. */
import { texts } from '../i18n/index.svelte';
import { designEn } from './words.en';

export const t = texts(designEn);
