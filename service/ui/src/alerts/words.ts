/** The texts of the alerts' page. */
import { number, t, texts } from '../i18n/index.svelte';
import { alertsPageEn } from './words.en';

export const ta = texts(alertsPageEn);

/** A counted share in per cent: none is none, unlike a chance. */
export function share(of: number): string {
  return t('percent', { n: number(of * 100, of > 0 && of < 0.1 ? 1 : 0) });
}
