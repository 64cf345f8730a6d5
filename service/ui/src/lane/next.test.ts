/** What to do next: to open before all else, then what must be mended, the probe, and what would help most. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import inconclusive from '../design/fixtures/inconclusive.json';
import measuring from '../design/fixtures/measuring.json';
import rescue from '../design/fixtures/rescue.json';
import search from '../design/fixtures/search.json';
import { speak } from '../i18n/index.svelte';
import type { Live } from '../lib/types';
import { nextSteps } from './next';

const steps = (fixture: unknown, more: object = {}) => {
  const live = fixture as Live;
  return nextSteps({ ...live.assessment!, ...more }, live.devices);
};

beforeEach(() => speak('en'));
afterEach(() => speak('en'));

describe('nextSteps', () => {
  it('asks to open and nothing else where people may die', () => {
    expect(steps(rescue).map(({ kind }) => kind)).toEqual(['open']);
  });

  it('asks to search first where the scan has its answer, and only then', () => {
    expect(steps(search)[0]?.kind).toBe('search');
    expect(steps(search, { final: false }).map(({ kind }) => kind)).not.toContain('search');
  });

  it('asks to mend what a method without an answer needs, in the device’s own words', () => {
    const [first, second] = steps(inconclusive);
    expect(first).toMatchObject({ kind: 'mend', sensor: 'co2-inside' });
    expect(first?.text).toContain('check its cable');
    expect(second).toMatchObject({ kind: 'mend', sensor: 'geophones' });
  });

  it('tells the probe’s step before the method that would help most, each with its sensor', () => {
    expect(steps(measuring).map(({ kind, sensor }) => [kind, sensor])).toEqual([
      ['probe', 'co2-inside'],
      ['helps', 'geophones'],
    ]);
  });

  it('leaves the decision to the officer where nothing is left to do', () => {
    const nothing = { procedure: [], reasons: [], recommendation: 'no-indication' };
    expect(steps(measuring, { ...nothing, final: true })[0]?.kind).toBe('decide');
    expect(steps(measuring, { ...nothing, final: false })[0]?.kind).toBe('wait');
    expect(nextSteps(null, [])).toEqual([]);
  });

  it('speaks French', () => {
    speak('fr');
    expect(steps(inconclusive)[0]?.text).toContain('vérifiez');
  });
});
