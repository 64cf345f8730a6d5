/** A time to danger that was told stays while the probe settles, with its own age, and no longer. */
import { describe, expect, it } from 'vitest';
import type { Assessment } from '../lib/types';
import { HELD_MS, toldNow } from './held';

const T = 1_793_606_400_000;

function assessment(minutes_low: number | 'inf' | null, state = 'ready', more: object = {}): Assessment {
  const life_risk = { minutes_low, minutes_high: null, reason: { code: 'life_risk_from', values: {}, text: {} } };
  return { scan_id: '01J', visit: 1, life_risk, evidences: [{ modality: 'co2', state }], ...more } as unknown as Assessment;
}

const first = toldNow(null, assessment(30), T);
const settling = assessment(null, 'pending');

describe('toldNow', () => {
  it('holds what was told while the probe settles, from when it was told', () => {
    expect(toldNow(first, settling, T + 1000)).toEqual({ ...first, held: true });
    const held = toldNow(toldNow(first, settling, T + 1000), settling, T + HELD_MS);
    expect(held).toEqual({ ...first, held: true });
  });

  it('lets the newest take its place, whatever it says', () => {
    const held = toldNow(first, settling, T + 1000);
    expect(toldNow(held, assessment(12), T + 2000)).toMatchObject({ risk: { minutes_low: 12 }, assessed_ms: T + 2000, held: false });
    expect(toldNow(held, assessment('inf'), T + 2000)).toMatchObject({ risk: { minutes_low: 'inf' }, held: false });
  });

  it.each([
    ['after a minute', settling, T + HELD_MS + 1],
    ['where the probe is lost', assessment(null, 'unavailable'), T + 1000],
    ['in another visit', assessment(null, 'pending', { visit: 2 }), T + 1000],
    ['in another scan', assessment(null, 'pending', { scan_id: '01K' }), T + 1000],
    ['where its age is not known', settling, null],
  ])('does not hold it %s', (_, newest, at) => {
    expect(toldNow(first, newest, at)).toMatchObject({ risk: { minutes_low: null }, held: false });
  });

  it('has nothing where nothing was assessed', () => {
    expect(toldNow(first, null, T)).toBeNull();
    expect(toldNow(null, settling, T)).toMatchObject({ risk: { minutes_low: null }, held: false });
  });
});
