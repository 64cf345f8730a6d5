/** The words of each recommendation: none clears a lorry, an early inconclusive asks for patience, not repair. */
import { afterEach, describe, expect, it } from 'vitest';
import { LANGUAGES, speak } from '../i18n/index.svelte';
import type { Assessment } from '../lib/types';
import { advice } from './advice';

afterEach(() => speak('en'));

function assessed(recommendation: Assessment['recommendation'], final: boolean, ...codes: string[]) {
  return { recommendation, final, reasons: codes.map((code) => ({ code, values: {}, text: {} })) };
}

describe('advice', () => {
  it('asks for patience while it only measures, for repair when something is missing', () => {
    speak('en');
    const patience = advice(assessed('inconclusive', false, 'required_pending')).sentence;
    const repair = advice(assessed('inconclusive', false, 'required_pending', 'required_unavailable')).sentence;
    expect(patience).not.toBe(repair);
    expect(advice(assessed('inconclusive', true, 'not_enough_evidence')).sentence).toBe(repair);
    for (const sentence of [patience, repair]) expect(sentence).toContain('not an all-clear');
  });

  it('has its own icon and word for each, and for none, in each language', () => {
    const kinds = ['no-indication', 'search', 'rescue', 'inconclusive'] as const;
    for (const language of LANGUAGES) {
      speak(language);
      const all = [...kinds.map((kind) => advice(assessed(kind, true))), advice(null)];
      expect(new Set(all.map(({ word }) => word)).size).toBe(5);
      expect(new Set(all.map(({ icon }) => icon)).size).toBe(5);
      expect(new Set(all.map(({ sentence }) => sentence)).size).toBe(5);
    }
  });
});
