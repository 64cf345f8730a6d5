/** What a refusal says to an officer: what failed and what to do. */
import { maybe, t } from '../i18n/index.svelte';
import type { Refusal } from './api';

/** The text of a refusal in the current language; a code without a text shows the service's own words. */
export function problem(refusal: Refusal): string {
  const { code, status, id } = refusal;
  const fields = refusal.errors.map((error) => `${error.location}: ${error.message}`).join('; ');
  const detail = fields || refusal.detail;
  const seconds = refusal.retry_after_s ?? 30;
  return (
    maybe(`problem_${code}`, { detail, code, status, seconds, id }) ?? t('problem_other', { detail, code })
  );
}
