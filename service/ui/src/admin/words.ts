/** The texts of the page Manage. */
import { texts } from '../i18n/index.svelte';
import { adminEn } from './words.en';

export const a = texts(adminEn);
