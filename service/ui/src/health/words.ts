/** The health page's texts. */
import { texts } from '../i18n/index.svelte';
import { healthEn } from './words.en';

export const h = texts(healthEn);
export type HealthKey = keyof typeof healthEn;

/** What a version is called; one without a name stands for itself. */
export function versionName(name: string): string {
  const key = `health_version_${name}`;
  return key in healthEn ? h(key as 'health_version_code') : name;
}
