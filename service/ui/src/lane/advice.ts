/** How each recommendation looks and reads. */
import type { IconName } from '../design/icons';
import { t, type Key } from '../i18n/index.svelte';
import type { Recommendation } from '../lib/types';

interface Advice {
  icon: IconName;
  word: string;
  /** What to do, and that the officer decides. */
  sentence: string;
}

const ICON: Record<Recommendation, IconName> = {
  'no-indication': 'no-indication',
  search: 'search',
  rescue: 'rescue',
  inconclusive: 'inconclusive',
};

const KEYS = {
  'no-indication': ['advice_no_indication', 'do_no_indication'],
  search: ['advice_search', 'do_search'],
  rescue: ['advice_rescue', 'do_rescue'],
  inconclusive: ['advice_inconclusive', 'do_inconclusive'],
} as const satisfies Record<Recommendation, readonly [Key, Key]>;

/** The words of a recommendation in the current language; null = nothing was assessed yet. */
export function advice(recommendation: Recommendation | null): Advice {
  if (recommendation === null) return { icon: 'measuring', word: t('advice_none'), sentence: t('do_none') };
  const [word, sentence] = KEYS[recommendation];
  return { icon: ICON[recommendation], word: t(word), sentence: t(sentence) };
}
