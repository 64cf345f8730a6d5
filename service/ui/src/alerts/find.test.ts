/** What an address asks for is what the service is asked. */
import { expect, it } from 'vitest';
import { alert, FakeService } from '../../test/fake';
import { placeOf } from '../lib/place.svelte';
import { alertsFound, alertsSince, asNow, queryOf, wantedOf } from './find';

it('an address without more asks for all', () => {
  const { state, ...rest } = queryOf(wantedOf({}));
  expect(state).toBe('all');
  expect(Object.values(rest).filter((value) => value !== '' && value !== undefined)).toEqual([]);
});

it('all that stands in an address is asked for', async () => {
  const service = new FakeService();
  const { query } = placeOf('#/alerts?view=past&state=closed&level=rescue&lane=north&plate=%20AB-1&from=2026-11-30T06:00');
  const asked = alertsFound(wantedOf(query), '01J').catch(() => null);
  await asked;
  const sent = new URL(`http://x${service.asked[0]!.split(' ')[1]}`).searchParams;
  expect(Object.fromEntries(sent)).toEqual({
    state: 'closed', level: 'rescue', lane: 'north', plate: 'AB-1', before: '01J', limit: '50',
    since_utc_ms: String(new Date(2026, 10, 30, 6).getTime()),
  });
});

it('a time that is none is left out', () => {
  expect(queryOf(wantedOf({ from: 'soon' }))['since_utc_ms']).toBeUndefined();
});

it('goes on from page to page until there is no more', async () => {
  const service = new FakeService();
  const page = (n: number, from: number) => Array.from({ length: n }, (_, i) => alert(`a${from + i}`));
  service.answers.set('/api/v1/alerts?state=all&since_utc_ms=5&limit=200', { body: page(200, 0) });
  service.answers.set('/api/v1/alerts?state=all&since_utc_ms=5&limit=200&before=a199', { body: page(3, 200) });
  expect((await alertsSince(5)).map(({ id }) => id).at(-1)).toBe('a202');
});

it('what the stream has is shown unless it is older', () => {
  const held = { a: alert('a', { version: 2, state: 'closed' }), b: alert('b', { version: 1 }) };
  const found = [alert('a', { version: 1 }), alert('b', { version: 3, state: 'outcome' }), alert('c')];
  expect(asNow(found, held).map(({ state }) => state)).toEqual(['closed', 'outcome', 'raised']);
});
