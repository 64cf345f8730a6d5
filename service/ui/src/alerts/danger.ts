/** How long people inside have, in words. */
import { t } from '../i18n/index.svelte';
import { dangerAt } from '../lib/alerts';
import type { Alert } from '../lib/types';

/** Empty where danger is never reached. */
export function dangerWords(alert: Alert, now_ms: number): string {
  const at_ms = dangerAt(alert);
  if (at_ms === null) return alert.minutes_low === null ? t('danger_unknown') : '';
  const minutes = Math.floor((at_ms - now_ms) / 60_000);
  return minutes < 1 ? t('danger_now') : t('danger_in', { n: minutes });
}
