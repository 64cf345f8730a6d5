/** Figures as an officer reads them: durations, chances, "times likelier", each as the language writes it. */
import { number, t } from '../i18n/index.svelte';

/** A length of time, no finer than is useful: seconds below ten minutes, then minutes, hours, days. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return t('dur_s', { n: s });
  if (s < 600) return s % 60 === 0 ? t('dur_min', { n: s / 60 }) : t('dur_min_s', { m: Math.floor(s / 60), s: s % 60 });
  if (s < 3600) return t('dur_min', { n: Math.floor(s / 60) });
  if (s < 86_400) return t('dur_h_min', { h: Math.floor(s / 3600), m: Math.floor((s % 3600) / 60) });
  return t('dur_d', { d: Math.floor(s / 86_400), h: Math.floor((s % 86_400) / 3600) });
}

/** A chance in per cent that never reads as certainty: below 0.1 % and above 99.9 % it says so. */
export function chance(share: number): string {
  const least = 0.001;
  if (share < least) return t('less_than', { value: percent(least) });
  if (share > 1 - least) return t('more_than', { value: percent(1 - least) });
  return percent(share);
}

function percent(share: number): string {
  const digits = share < 0.1 || share > 0.99 ? 1 : 0;
  return t('percent', { n: number(share * 100, digits) });
}

/** How many times likelier a natural-log likelihood ratio is, without its direction: two figures are enough. */
export function times(llr: number): string {
  const ratio = Math.exp(Math.abs(llr));
  if (ratio < 10) return number(ratio, 1);
  return number(Number(ratio.toPrecision(2)), 0);
}

/** A signed logarithm to two places, with a real minus sign. */
export function signed(llr: number): string {
  const sign = llr > 0 ? '+' : llr < 0 ? '−' : '';
  return `${sign}${number(Math.abs(llr), 2)}`;
}

/** Any measured value to three figures. */
export function measured(value: number): string {
  if (value === 0 || Math.abs(value) >= 1000) return number(Math.round(value), 0);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return number(value, Math.min(digits, 6)).replace('-', '−');
}

/** Where a natural-log ratio stands between -1 and 1 on a scale that ends at `end`. */
export function onScale(llr: number, end: number): number {
  return Math.min(Math.max(llr / end, -1), 1);
}

/** The fused natural-log likelihood ratio that leads from a prior to a posterior; null without a prior. */
export function fusedLlr(posterior: number, prior: number | null): number | null {
  if (prior === null || posterior <= 0 || posterior >= 1) return null;
  return Math.log(posterior / (1 - posterior)) - Math.log(prior / (1 - prior));
}
