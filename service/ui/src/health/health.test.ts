import { expect, it } from 'vitest';
import type { Device, Live, Scan } from '../lib/types';
import { aheadS, conditionOf, differing, failing, keepingFaults, lastScan, partsOf, tally, versionsOf } from './health';
import { askReady } from './ready';

const device = (name: string, state: Device['state']): Device => ({
  name, role: 'inside', state, text: {}, detail: '', newest: {}, since_utc_ms: null,
});
const heard = { id: 'a', heard_utc_ms: 5, silent: false, revoked: false };
const never = { ...heard, heard_utc_ms: null };
const said = (code: string) => ({ code, values: {}, text: {} });
const lane = (...states: Device['state'][]): Live =>
  ({ devices: states.map((state, n) => device(`d${n}`, state)), faults: [], assessment: null, utc_ms: 100_000 }) as unknown as Live;
const scan = (lane_id: string, assessed_utc_ms: number | null, versions = {}): Scan =>
  ({ id: `${lane_id}${assessed_utc_ms}`, lane_id, assessed_utc_ms, assessment: { versions } }) as unknown as Scan;

it('a lane is as well as its worst device', () => {
  expect(conditionOf(heard, lane('ready', 'ready'), false, false)).toBe('works');
  expect(conditionOf(heard, lane('ready', 'warming_up'), false, false)).toBe('warming');
  expect(conditionOf(heard, lane('warming_up', 'degraded'), false, false)).toBe('fault');
  expect(conditionOf(heard, lane('degraded', 'lost'), false, false)).toBe('lost');
  expect(conditionOf(heard, lane('ready', 'closed'), false, false)).toBe('lost');
});

it('a fault of the lane itself counts as one', () => {
  expect(conditionOf(heard, { ...lane('ready'), faults: [said('token_refused')] }, false, false)).toBe('fault');
});

it('what is old is never said to work', () => {
  for (const live of [lane('ready'), null]) {
    expect(conditionOf(heard, live, false, true)).toBe('stale');
    expect(conditionOf(heard, live, true, true)).toBe('stale');
  }
  expect(conditionOf(heard, lane('ready'), true, false)).toBe('silent');
  expect(conditionOf(heard, null, true, false)).toBe('silent');
  expect(conditionOf(never, null, true, false)).toBe('unheard');
  expect(conditionOf(heard, null, false, false)).toBe('warming');
});

it('what fails comes with the lost first', () => {
  expect(failing(lane('ready', 'degraded', 'lost', 'opening')).map(({ name }) => name)).toEqual(['d2', 'd1']);
  expect(failing(null)).toEqual([]);
});

it('conditions are counted, the worst first', () => {
  expect(tally(['works', 'silent', 'works'])).toEqual([{ condition: 'silent', n: 1 }, { condition: 'works', n: 2 }]);
});

it('faults of the recorder and the disk are told apart from others', () => {
  const faults = ['recording_stopped', 'outbox_refuses', 'orders_not_kept', 'token_refused', 'service_clock'].map(said);
  expect(keepingFaults({ ...lane(), faults }).map(({ code }) => code)).toEqual(faults.slice(0, 3).map(({ code }) => code));
});

it('a second of travel is no difference of clocks, a minute is', () => {
  expect(aheadS(lane(), 101_000)).toBe(0);
  expect(aheadS(lane(), 98_000)).toBe(0);
  expect(aheadS(lane(), 160_000)).toBe(-60);
  expect(aheadS(lane(), 40_000)).toBe(60);
});

it('the last scan is the one assessed last, of this lane', () => {
  const scans = [scan('a', 5), scan('a', 9), scan('b', 20), scan('a', null)];
  expect(lastScan(scans, 'a')?.assessed_utc_ms).toBe(9);
  expect(lastScan(scans, 'c')).toBeNull();
});

it('versions are those of now, else of the last scan, else those that the service knows', () => {
  const now = { ...lane(), assessment: { versions: { code: 'now' } } } as unknown as Live;
  expect(versionsOf(now, scan('a', 1, { code: 'last' }), { code: 'told' })).toEqual({ code: 'now' });
  expect(versionsOf(lane(), scan('a', 1, { code: 'last' }), undefined)).toEqual({ code: 'last' });
  expect(versionsOf(null, scan('a', 1), { code: 'told' })).toEqual({ code: 'told' });
  expect(versionsOf(null, null, undefined)).toEqual({});
});

it('only what two lanes tell differently differs', () => {
  expect(differing([{ code: 'a', policy: 'p' }, { code: 'b', policy: 'p' }, {}])).toEqual(['code']);
});

it('parts of the service of which nothing is heard are not known', () => {
  const well = { version: '1', reasons: [], warnings: [] };
  const states = (parts: ReturnType<typeof partsOf>) => parts.map((part) => part.well);
  expect(states(partsOf(well, [], 'live'))).toEqual([true, true, true, true, true]);
  expect(states(partsOf(null, [], 'stale'))).toEqual([null, null, false, null, null]);
  expect(states(partsOf(well, ['store_unavailable', 'disk_low', 'events_late', 'clock_stepped'], 'live'))).toEqual(
    [false, false, false, false, true],
  );
  expect(partsOf({ ...well, reasons: ['no space'] }, [], 'live')[0]).toEqual({ part: 'writes', well: false, details: ['no space'] });
});

it('readiness is read from a good answer and from a refusal with reasons, and from nothing else', async () => {
  const answers = (status: number, body: string) => () => Promise.resolve(new Response(body, { status }));
  expect(await askReady(answers(200, '{"version":"0.1.0","run":"x","warnings":["w"]}'))).toEqual(
    { version: '0.1.0', reasons: [], warnings: ['w'] },
  );
  expect(await askReady(answers(503, '{"reasons":["no space"]}'))).toEqual({ version: '', reasons: ['no space'], warnings: [] });
  expect(await askReady(answers(503, 'a proxy'))).toBeNull();
  expect(await askReady(answers(404, '{}'))).toBeNull();
  expect(await askReady(() => Promise.reject(new TypeError('no network')))).toBeNull();
});
