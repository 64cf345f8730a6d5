/** A recommendation and a lorry as an officer calls them. */
import { t } from '../i18n/index.svelte';
import type { Declaration, Recommendation } from '../lib/types';

export function adviceWord(recommendation: Recommendation): string {
  return recommendation === 'no-indication' ? t('advice_no_indication') : t(`advice_${recommendation}`);
}

export function vehicleWords(declaration: Declaration | null): string {
  if (declaration === null) return '';
  return `${t(`class_${declaration.vehicle_class}`)}, ${t(`cargo_${declaration.cargo}`)}`;
}
