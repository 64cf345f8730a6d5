/** What a date or time field holds, spelt out: the browser writes the field in its own language, not the page's. */
import { language } from '../i18n/index.svelte';

const LOCALE = { en: 'en-GB', fr: 'fr-FR' } as const;

/** `2026-03-04T22:00` as "4 Mar 2026, 22:00", `2026-03-04` as "4 Mar 2026"; empty where nothing is chosen yet. */
export function spelt(value: string): string {
  const timed = value.includes('T');
  const chosen = new Date(timed ? value : `${value}T00:00`);
  if (Number.isNaN(chosen.getTime())) return '';
  return new Intl.DateTimeFormat(LOCALE[language()], {
    dateStyle: 'medium',
    ...(timed ? { timeStyle: 'short' } : {}),
  }).format(chosen);
}
