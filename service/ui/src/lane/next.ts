/** What to do next, the most pressing first: from the recommendation, failing devices, the probe and the advice. */
import type { IconName } from '../design/icons';
import { inLanguage, said, t } from '../i18n/index.svelte';
import type { Assessment, Device } from '../lib/types';
import { byNeed, fails } from './devices';
import { helpsMost, sensorsOf } from './senses';

export interface NextStep {
  kind: 'open' | 'search' | 'mend' | 'probe' | 'helps' | 'wait' | 'decide';
  icon: IconName;
  text: string;
  /** The sensor that it is about, "" = none. */
  sensor: string;
}

const PROBE_OUT = new Set(['procedure_put_in', 'procedure_put_in_again']);

/** The steps in the current language; none without an assessment of a lorry that is in the lane. */
export function nextSteps(assessment: Assessment | null, devices: readonly Device[]): NextStep[] {
  if (assessment === null) return [];
  const { recommendation, final, reasons } = assessment;
  const steps: NextStep[] = [];
  if (recommendation === 'rescue') {
    // nothing is measured first where people may die meanwhile
    return [{ kind: 'open', icon: 'rescue', text: t('next_open'), sensor: '' }];
  }
  if (recommendation === 'search' && final) steps.push({ kind: 'search', icon: 'search', text: t('next_search'), sensor: '' });
  const silent = assessment.evidences.filter(({ state }) => state === 'unavailable');
  const needed = new Set(silent.flatMap(({ modality }) => sensorsOf(modality, devices)));
  for (const device of byNeed(devices)) {
    if (!fails(device) || !needed.has(device.name)) continue;
    const text = inLanguage(device.text);
    if (text && recommendation === 'inconclusive') steps.push({ kind: 'mend', icon: 'degraded', text, sensor: device.name });
  }
  const probe = devices.find(({ role }) => role === 'inside')?.name ?? '';
  for (const step of assessment.procedure ?? []) {
    steps.push({ kind: 'probe', icon: PROBE_OUT.has(step.code) ? 'probe-in' : 'gas', text: said(step), sensor: probe });
  }
  const advice = reasons.find(({ code }) => code === 'would_help_most');
  if (advice) {
    const [sensor = ''] = sensorsOf(helpsMost(assessment), devices);
    steps.push({ kind: 'helps', icon: 'star', text: said(advice), sensor });
  }
  if (steps.length === 0) {
    const [icon, text] = final ? (['person', t('next_decide')] as const) : (['measuring', t('next_wait')] as const);
    steps.push({ kind: final ? 'decide' : 'wait', icon, text, sensor: '' });
  }
  return steps;
}
