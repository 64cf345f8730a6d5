import { expect, it } from 'vitest';
import { addressOf, placeOf } from './place.svelte';

it.each([
  ['', { page: 'lane', rest: '', query: {} }],
  ['#', { page: 'lane', rest: '', query: {} }],
  ['#/', { page: 'lane', rest: '', query: {} }],
  ['#lane', { page: 'lane', rest: '', query: {} }],
  ['#/history', { page: 'history', rest: '', query: {} }],
  ['#/scan/01JX', { page: 'scan', rest: '01JX', query: {} }],
  ['#/history?plate=FG-482&from=2', { page: 'history', rest: '', query: { plate: 'FG-482', from: '2' } }],
  ['#/scan/%E0%A4%A', { page: 'scan', rest: '%E0%A4%A', query: {} }],
])('%s is read as a place', (hash, expected) => {
  expect(placeOf(hash)).toEqual(expected);
});

it.each([
  ['lane', '', {}, '#/'],
  ['scan', 'a b/c', { at: '12' }, '#/scan/a%20b%2Fc?at=12'],
  ['history', '', { plate: 'É&1', outcome: '' }, '#/history?plate=%C3%89%261'],
])('%s with %s and %o has an address that is read back', (page, rest, query, address) => {
  expect(addressOf(page, rest, query)).toBe(address);
  const read = placeOf(address);
  expect([read.page, read.rest]).toEqual([page, rest]);
  expect(read.query).toEqual(Object.fromEntries(Object.entries(query).filter(([, value]) => value)));
});
