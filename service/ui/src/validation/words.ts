/** The texts of the page Proof. */
import { texts } from '../i18n/index.svelte';
import { validationEn } from './words.en';
import { validationFr } from './words.fr';

export const v = texts(validationEn, validationFr);
