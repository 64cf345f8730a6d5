/** The texts of the page that shows the design. */
import { texts } from '../i18n/index.svelte';
import { designEn } from './words.en';
import { designFr } from './words.fr';

export const t = texts(designEn, designFr);
