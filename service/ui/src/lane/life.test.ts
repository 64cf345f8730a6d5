/** The time to danger: counts down to the safe side, and never invents time. */
import { describe, expect, it } from 'vitest';
import type { LifeRisk } from '../lib/types';
import { lifeNow, urgency } from './life';

const T = 1_793_606_400_000;

function risk(minutes_low: LifeRisk['minutes_low'], minutes_high: LifeRisk['minutes_high'] = null): LifeRisk {
  return { minutes_low, minutes_high, reason: { code: 'life_risk_between', values: {}, text: {} } };
}

describe('lifeNow', () => {
  it('counts down from the assessment', () => {
    expect(lifeNow(risk(12.4, 90.2), T, T)).toEqual({ kind: 'from', low_min: 12, high_min: 91, counted: true });
    expect(lifeNow(risk(12.4, 90.2), T, T + 5 * 60_000)).toMatchObject({ low_min: 7, high_min: 86 });
  });

  it('says now when the earliest moment has come', () => {
    expect(lifeNow(risk(0, null), T, T)).toEqual({ kind: 'now' });
    expect(lifeNow(risk(2), T, T + 120_000)).toEqual({ kind: 'now' });
  });

  it('keeps "cannot be told" and "never" apart', () => {
    expect(lifeNow(risk(null), T, T + 1e9).kind).toBe('unknown');
    expect(lifeNow(risk('inf', 'inf'), T, T + 1e9).kind).toBe('never');
    expect(lifeNow(risk(30, 'inf'), T, T)).toMatchObject({ low_min: 30, high_min: 'inf' });
  });

  it('never gives more time than the assessment when clocks differ', () => {
    expect(lifeNow(risk(10), T, T - 600_000)).toMatchObject({ low_min: 10 });
  });

  it('does not count from a moment that is not known, and says so', () => {
    expect(lifeNow(risk(10), null, T)).toMatchObject({ low_min: 10, counted: false });
  });
});

describe('urgency', () => {
  it('presses within the hour and more within ten minutes', () => {
    const of = (low: LifeRisk['minutes_low']) => urgency(lifeNow(risk(low), T, T));
    expect([0, 9, 10, 60, 61, 'inf' as const, null].map(of)).toEqual([
      'danger',
      'danger',
      'soon',
      'soon',
      'calm',
      'calm',
      'unknown',
    ]);
  });
});
