/** The texts of the page Proof. */
import { texts } from '../i18n/index.svelte';
import { validationEn } from './words.en';

export const v = texts(validationEn);
