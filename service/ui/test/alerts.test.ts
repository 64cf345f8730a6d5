/** The alert to deal with first stands first. */
import { describe, expect, it } from 'vitest';
import { closedOnes, dangerAt, inOrder, raisedOnes, unsettled } from '../src/lib/alerts';
import { alert } from './fake';

const ids = (alerts: { id: string }[]) => alerts.map(({ id }) => id);

describe('open alerts', () => {
  it('begin with what nobody acknowledged', () => {
    const handled = alert('handled', { level: 'rescue', state: 'acknowledged' });
    expect(ids(inOrder([handled, alert('raised')]))).toEqual(['raised', 'handled']);
  });

  it('end with what only waits to be closed', () => {
    const found = alert('found', { level: 'rescue', state: 'outcome' });
    expect(ids(inOrder([found, alert('handled', { state: 'acknowledged' })]))).toEqual(['handled', 'found']);
  });

  it('put the newest rescue first', () => {
    const rescue = (id: string, raised_utc_ms: number) => alert(id, { level: 'rescue', raised_utc_ms, minutes_low: 5 });
    const search = alert('search', { minutes_low: 0 });
    expect(ids(inOrder([search, rescue('older', 1), rescue('newer', 2)]))).toEqual(['newer', 'older', 'search']);
  });

  it('go by when danger begins, not by how many minutes there were when raised', () => {
    const late = alert('late', { minutes_low: 10, raised_utc_ms: 600_000 });
    const soon = alert('soon', { minutes_low: 12, raised_utc_ms: 0 });
    expect(ids(inOrder([late, soon]))).toEqual(['soon', 'late']);
  });

  it('put those that cannot tell last, the oldest of them first', () => {
    const never = alert('never', { minutes_low: 'inf', raised_utc_ms: 3 });
    const unknown = alert('unknown', { minutes_low: null, raised_utc_ms: 2 });
    const told = alert('told', { minutes_low: 90, raised_utc_ms: 9 });
    expect(ids(inOrder([never, unknown, told]))).toEqual(['told', 'unknown', 'never']);
  });

  it('put what is laid aside after what somebody deals with, before what is settled', () => {
    const aside = alert('aside', { shelved_until_utc_ms: 9 });
    const states = [alert('found', { state: 'outcome' }), aside, alert('searched', { state: 'assigned' })];
    expect(ids(inOrder(states))).toEqual(['searched', 'aside', 'found']);
  });

  it('that are laid aside are not raised: they make no sound', () => {
    expect(raisedOnes([alert('aside', { shelved_until_utc_ms: 9 })])).toEqual([]);
  });

  it('wait for their outcome until there is one', () => {
    const states = ['raised', 'acknowledged', 'assigned', 'outcome', 'closed'] as const;
    expect(states.filter((state) => unsettled(alert('a', { state })))).toEqual(['raised', 'acknowledged', 'assigned']);
  });

  it('hold no closed one', () => {
    expect(inOrder([alert('a', { state: 'closed' })])).toEqual([]);
  });

  it('are raised until somebody acknowledges them', () => {
    const states = (['raised', 'acknowledged', 'outcome', 'closed'] as const).map((state) => alert(state, { state }));
    expect(ids(raisedOnes(states))).toEqual(['raised']);
  });
});

it('closed alerts: the one closed last is first', () => {
  const closed = (id: string, closed_utc_ms: number) => alert(id, { state: 'closed', closed_utc_ms });
  expect(ids(closedOnes([closed('first', 1), alert('open'), closed('last', 2)]))).toEqual(['last', 'first']);
});

it('danger begins so many minutes after the alert was raised', () => {
  expect(dangerAt({ minutes_low: 2, raised_utc_ms: 1000 })).toBe(121_000);
});
