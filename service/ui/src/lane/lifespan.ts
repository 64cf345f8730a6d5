/** Minutes to danger as an officer reads them. */
import { t } from '../i18n/index.svelte';
import { duration } from './figures';

/** Whole minutes up to two hours, then hours, then days. */
export function span(minutes: number): string {
  return minutes < 120 ? t('life_minutes', { n: minutes }) : duration(minutes * 60_000);
}
