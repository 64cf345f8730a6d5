/** How long people inside have, in words. */
import { t } from '../i18n/index.svelte';
import { lifeNow, type LifeNow } from '../lane/life';
import { span } from '../lane/lifespan';
import { dangerAt } from '../lib/alerts';
import type { Alert, Live } from '../lib/types';

/**
 * Empty where danger is never reached.
 *
 * While the lorry stands in the lane its live view speaks: the alert has the time of the assessment that was
 * told last, and two times for one lorry on one page would make an officer doubt both.
 */
export function dangerWords(alert: Alert, live: Live | undefined, now_ms: number): string {
  const life = lifeOf(alert, live, now_ms);
  if (life.kind === 'never') return '';
  if (life.kind === 'from' && life.low_min >= 1) return t('danger_in', { span: span(life.low_min) });
  return t(life.kind === 'unknown' ? 'danger_unknown' : 'danger_now');
}

function lifeOf(alert: Alert, live: Live | undefined, now_ms: number): LifeNow {
  if (live?.assessment && live.scan_id === alert.scan_id) return lifeNow(live.assessment.life_risk, live.assessed_utc_ms ?? live.utc_ms, now_ms);
  const at_ms = dangerAt(alert);
  if (at_ms === null) return { kind: alert.minutes_low === null ? 'unknown' : 'never' };
  const low_min = Math.floor((at_ms - now_ms) / 60_000);
  return low_min < 1 ? { kind: 'now' } : { kind: 'from', low_min, high_min: null, counted: true };
}
