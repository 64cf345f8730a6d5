/** How each recommendation looks and reads. */
import type { IconName } from '../design/icons';
import { t, type Key } from '../i18n/index.svelte';
import type { Assessment, Recommendation } from '../lib/types';
import { duration } from './figures';

interface Advice {
  /** It only takes time: nothing is advised yet, and nothing has to be put right but the probe put in. */
  measuring: boolean;
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

/** The probe's turn: a required method that waits for it is no fault. */
const PROBE_NOT_IN = 'co2_probe_not_in';

type Weighed = Pick<Assessment, 'recommendation' | 'final' | 'reasons'> & { life_risk?: Pick<Assessment['life_risk'], 'reason'> };

/**
 * The words of an assessment's recommendation in the current language; null = nothing was assessed yet.
 *
 * `now` says that the lorry stands in the lane and is being measured; `left_ms` is how long at most, null where
 * the lane has not said it.
 */
export function advice(assessment: Weighed | null, now = false, left_ms: number | null = null): Advice {
  if (assessment === null) {
    return { measuring: true, icon: 'measuring', word: t('advice_none'), sentence: t('do_none') };
  }
  const { recommendation, final } = assessment;
  if (now && !final) {
    const step = onlyTime(assessment);
    if (step !== null) {
      const wait = left_ms !== null && left_ms > 0 ? t('do_wait_for', { span: duration(left_ms) }) : t('do_wait');
      const sentence = `${t(step)} ${wait} ${t('do_no_all_clear')}`;
      return { measuring: true, icon: 'measuring', word: t('advice_measuring'), sentence };
    }
    if (recommendation === 'no-indication') {
      return { measuring: false, icon: ICON[recommendation], word: t(KEYS[recommendation][0]), sentence: t('do_no_indication_yet') };
    }
  }
  const [word, sentence] = KEYS[recommendation];
  return { measuring: false, icon: ICON[recommendation], word: t(word), sentence: t(sentence) };
}

/** What the officer does while an inconclusive one only takes time; null where something is to be put right. */
function onlyTime({ recommendation, reasons, life_risk }: Weighed): 'do_probe_in' | 'do_keep_off' | null {
  if (recommendation !== 'inconclusive') return null;
  // Deadly air is said first by the lane, whether or not people are in it: that is nothing to wait for.
  if (life_risk && reasons[0]?.code === life_risk.reason.code) return null;
  const probe = reasons.some(({ code }) => code === PROBE_NOT_IN);
  const toMend = reasons.filter(({ code, values }, i) => {
    if (!TO_MEND.has(code)) return false;
    return !(code === 'required_unavailable' && values?.['modality'] === 'co2' && reasons[i + 1]?.code === PROBE_NOT_IN);
  });
  if (toMend.length > 0) return null;
  return probe ? 'do_probe_in' : 'do_keep_off';
}
