/** The time to danger: counts down to the safe side, and never invents time. */
import { describe, expect, it } from 'vitest';
import type { LifeRisk } from '../lib/types';
import { bandNow, lifeNow, limitsNow, temperatureMinutes, urgency } from './life';

const T = 1_793_606_400_000;

const NOTHING_MORE: Omit<LifeRisk, 'minutes_low' | 'minutes_high' | 'reason'> = {
  minutes_likely: null,
  limits: [],
  oxygen_pct: null,
  temperature: { level: 'unknown', cold: false, minutes_low: null, minutes_high: null },
  course: [],
};

function risk(minutes_low: LifeRisk['minutes_low'], minutes_high: LifeRisk['minutes_high'] = null): LifeRisk {
  return { ...NOTHING_MORE, minutes_low, minutes_high, reason: { code: 'life_risk_between', values: {}, text: {} } };
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

describe('limits of the air', () => {
  const limit = { gas: 'co2', limit: 40_000, low: 30.9, likely: 60.9, high: 90.1 };

  it('count down, each end to the safe side', () => {
    const [now] = limitsNow({ ...risk(30.9), limits: [limit] }, T, T + 10 * 60_000);
    expect(now).toMatchObject({ low_min: 20, likely_min: 50, high_min: 81 });
  });

  it('need not be there', () => {
    const { limits: _, ...older } = risk(30);
    expect(limitsNow(older as LifeRisk, T, T)).toEqual([]);
  });

  it('are said by what is known of them', () => {
    const kinds = [
      [10, 20, 30],
      [10, 20, 'inf'],
      [10, 'inf', 'inf'],
      [0, 20, 30],
      [0, 'inf', 'inf'],
      [0, 0, 30],
      ['inf', 'inf', 'inf'],
    ] as const;
    expect(
      kinds.map(([low_min, likely_min, high_min]) => bandNow({ gas: 'co2', limit: 1, low_min, likely_min, high_min }).kind),
    ).toEqual(['between', 'between_open', 'between_open_never', 'perhaps_now', 'perhaps_now_never', 'is_now', 'not_reached']);
  });
});

describe('temperature', () => {
  const cold = { level: 'danger', cold: true, minutes_low: 90, minutes_high: null } as const;

  it('counts down and stops at nothing left', () => {
    const of = (passed: number) => temperatureMinutes({ ...risk(10), temperature: cold }, T, T + passed * 60_000);
    expect([0, 30, 200].map(of)).toEqual([90, 60, 0]);
  });

  it('says nothing where no source does', () => {
    expect(temperatureMinutes(risk(10), T, T)).toBeNull();
  });
});
