/** Risk profiles: which are offered, and whose share was assumed. */
import { expect, test } from 'vitest';
import { assumedProfile, offeredProfiles } from '../src/lib/profiles';
import { language, LANGUAGES, speak, t } from '../src/i18n/index.svelte';
import type { Declaration } from '../src/lib/types';
import { live } from './fake';

const profiles = { reefer: ['night ferry', 'new haulier'] };

function declared(more: Partial<Declaration> = {}): Declaration {
  return { vehicle_class: 'reefer', cargo: 'boxed', plate: 'AB12 CDE', laden: true, closed_minutes: null, profile: '', ...more };
}

test('those of the class are offered, in the order of the policy', () => {
  expect(offeredProfiles(profiles, 'reefer')).toEqual(['night ferry', 'new haulier']);
  expect(offeredProfiles(profiles, 'tanker')).toEqual([]);
  expect(offeredProfiles({}, 'reefer')).toEqual([]);
});

test('the share is of a profile only where the lane names it for the class', () => {
  const of = (declaration: Declaration | null) => assumedProfile(live(1, { profiles, declaration }));
  expect(of(declared({ profile: 'night ferry' }))).toBe('night ferry');
  expect(of(declared({ profile: 'day ferry' }))).toBe('');
  expect(of(declared({ profile: 'night ferry', vehicle_class: 'tanker', cargo: 'liquid' }))).toBe('');
  expect(of(declared())).toBe('');
  expect(of(null)).toBe('');
  expect(assumedProfile(null)).toBe('');
});

test('the line on what was assumed names the profile in both languages', () => {
  const before = language();
  const values = { chance: '4\u00a0%', prior: '5\u00a0%', profile: 'night ferry' };
  const says = { en: 'was assumed, for the risk profile “night ferry”', fr: 'profil de risque «\u00a0night ferry\u00a0»' };
  for (const spoken of LANGUAGES) {
    speak(spoken);
    expect(t('posterior_from_profile', values)).toContain(says[spoken]);
    expect(t('risk_profile', values)).toContain('night ferry');
  }
  speak(before);
});
