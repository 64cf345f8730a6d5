/** A search: the address keeps it, the service gets what it takes, and nothing else. */
import { describe, expect, it } from 'vitest';
import { asked, asks, reversed, wantedOf } from './query';

const none = wantedOf({});

describe('a search', () => {
  it('is kept by the address; what is no condition is left out', () => {
    expect(wantedOf({ plate: 'AB', nonsense: 'x' })).toEqual({ ...none, plate: 'AB' });
    expect(asks(none)).toBe(false);
    expect(asks({ ...none, plate: '  ' })).toBe(false);
    expect(asks({ ...none, outcome: 'people_found' })).toBe(true);
  });
  it('asks for the newest when nothing is wanted', () => {
    expect(asked(none, 20)).toEqual({ limit: '20' });
  });
  it('gives local times as UTC, the last minute whole', () => {
    const { since_utc_ms, until_utc_ms } = asked({ ...none, from: '2026-11-30T08:00', until: '2026-11-30T08:00' }, 20);
    expect(Number(until_utc_ms) - Number(since_utc_ms)).toBe(60_000);
    expect(Number(since_utc_ms)).toBe(new Date(2026, 10, 30, 8).getTime());
  });
  it('asks for no time that is none', () => {
    expect(asked({ ...none, from: 'soon' }, 20)).toEqual({ limit: '20' });
  });
  it('goes on after the last one', () => {
    expect(asked({ ...none, plate: ' ab 1 ' }, 5, 'x')).toEqual({ plate: 'ab 1', before: 'x', limit: '5' });
  });
  it('is seen to be turned round', () => {
    expect(reversed({ ...none, from: '2026-11-30T08:00', until: '2026-11-29T08:00' })).toBe(true);
    expect(reversed({ ...none, from: '2026-11-30T08:00' })).toBe(false);
  });
});
