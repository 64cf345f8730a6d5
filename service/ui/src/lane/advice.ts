/** How each recommendation looks and reads. */
import type { IconName } from '../design/icons';
import { t, type Key } from '../i18n/index.svelte';
import type { Assessment, Recommendation } from '../lib/types';

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

/** Reasons that somebody has to do something about; without them an early inconclusive only takes time. */
const TO_MEND = new Set(['required_unavailable', 'required_never_ready', 'not_recorded', 'method_failed']);

/** The words of an assessment's recommendation in the current language; null = nothing was assessed yet. */
export function advice(assessment: Pick<Assessment, 'recommendation' | 'final' | 'reasons'> | null): Advice {
  if (assessment === null) return { icon: 'measuring', word: t('advice_none'), sentence: t('do_none') };
  const { recommendation, final, reasons } = assessment;
  const [word, sentence] = KEYS[recommendation];
  const measuring = recommendation === 'inconclusive' && !final && !reasons.some(({ code }) => TO_MEND.has(code));
  return { icon: ICON[recommendation], word: t(word), sentence: t(measuring ? 'do_measuring' : sentence) };
}
