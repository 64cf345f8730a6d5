/** Figures in both languages: comma and spaces as the language writes them. */
import { afterEach, describe, expect, it } from 'vitest';
import { speak } from '../i18n/index.svelte';
import { chance, duration, fusedLlr, measured, onScale, signed, times } from './figures';

afterEach(() => speak('en'));

describe('duration', () => {
  it('is as fine as is useful', () => {
    speak('en');
    expect(
      [0, 59_999, 60_000, 83_000, 599_000, 601_000, 3_660_000, 90_000_000].map((ms) =>
        duration(ms).replaceAll('\u00a0', ' '),
      ),
    ).toEqual(['0 s', '59 s', '1 min', '1 min 23 s', '9 min 59 s', '10 min', '1 h 1 min', '1 d 1 h']);
  });

  it('never runs backwards when clocks differ', () => {
    expect(duration(-5000)).toBe('0\u00a0s');
  });

  it('speaks French', () => {
    speak('fr');
    expect(duration(90_000_000).replaceAll('\u00a0', ' ')).toBe('1 j 1 h');
  });
});

describe('chance', () => {
  it('never reads as certainty', () => {
    speak('en');
    expect(chance(0)).toBe('less than 0.1%');
    expect(chance(1)).toBe('more than 99.9%');
  });

  it('has a comma and a no-break space in French', () => {
    speak('fr');
    expect(chance(0.0123)).toBe('1,2\u00a0%');
    expect(chance(0.83)).toBe('83\u00a0%');
  });
});

describe('likelihood ratios', () => {
  it('say how many times likelier, whichever way', () => {
    speak('en');
    expect([0, Math.log(2.54), -Math.log(41), Math.log(1234)].map(times)).toEqual(['1', '2.5', '41', '1,200']);
  });

  it('carry a minus sign, not a hyphen', () => {
    expect(signed(-2.345)).toBe('−2.35');
    expect(signed(1)).toBe('+1');
  });

  it('stand on a scale that ends', () => {
    expect([-9, -2, 0, 9].map((llr) => onScale(llr, 4))).toEqual([-1, -0.5, 0, 1]);
  });

  it('come back out of prior and posterior', () => {
    const odds = (0.01 / 0.99) * Math.exp(3.2);
    expect(fusedLlr(odds / (1 + odds), 0.01)).toBeCloseTo(3.2, 9);
    expect(fusedLlr(0.5, null)).toBeNull();
    expect(fusedLlr(1, 0.01)).toBeNull();
  });
});

describe('measured', () => {
  it('keeps three figures', () => {
    speak('en');
    expect([0, 0.01234, 3.14159, 431.26, 25117.6, -4.5].map(measured)).toEqual(
      ['0', '0.0123', '3.14', '431', '25,118', '−4.5'],
    );
  });

  it('has a comma in French', () => {
    speak('fr');
    expect(measured(3.14159)).toBe('3,14');
  });
});
