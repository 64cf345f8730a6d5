import { createHash } from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';
import { Refusal } from '../lib/ask';
import { admin, daysOf, laneConfig, newPassword, sectionsOf, spanOf } from './admin';
import { sensitive } from './fresh.svelte';
import { bytesOf, checkpointOf, consistent } from './merkle';

afterEach(() => vi.unstubAllGlobals());

it('each sees the parts that are theirs', () => {
  expect(sectionsOf(['command_lanes', 'handle_alerts'])).toEqual([]);
  expect(sectionsOf(['manage_lanes'])).toEqual(['lanes', 'gates']);
  expect(sectionsOf(['read_audit', 'disclose'])).toEqual(['audit']);
  expect(sectionsOf(['erase', 'manage_accounts', 'read_audit'])).toEqual(['accounts', 'audit', 'erase']);
});

it('a new password is long, random, and has no letter that is taken for another', () => {
  expect(newPassword()).toMatch(/^([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}$/);
  expect(newPassword()).not.toBe(newPassword());
});

it('days are whole, or none', () => {
  expect(['', ' ', '30', '0', '1.5', '-1', 'x', '4000'].map(daysOf)).toEqual(
    [null, null, 30, undefined, undefined, undefined, undefined, undefined],
  );
});

it('a span of days goes from its first moment to its last', () => {
  expect(spanOf('', '')).toEqual({});
  const { since_utc_ms, until_utc_ms } = spanOf('2026-11-30', '2026-11-30');
  expect(until_utc_ms! - since_utc_ms!).toBe(86_399_999);
});

it('a lane’s lines name the service', () => {
  expect(laneConfig('https://booth.example:8080')).toContain('url = "https://booth.example:8080"');
});

it('the reason goes percent-encoded beside a question', async () => {
  const asked = vi.fn(() => Promise.resolve(new Response('[]', { status: 200 })));
  vi.stubGlobal('fetch', asked);
  await admin.audit({ who: 'é', before: undefined }, 'enquête 7');
  const [url, options] = asked.mock.calls[0] as unknown as [string, RequestInit];
  expect(url).toBe('/api/v1/audit/search?who=%C3%A9');
  expect(options.headers).toMatchObject({ 'Lorryscan-Reason': 'enqu%C3%AAte%207' });
});

it('a sensitive act goes on after the password, and stays refused without it', async () => {
  const refused = new Refusal('reauthenticate', 403);
  const work = vi.fn<() => Promise<string>>().mockRejectedValueOnce(refused).mockResolvedValue('done');
  expect(await sensitive(work, { ask: () => Promise.resolve(true) })).toBe('done');
  expect(work).toHaveBeenCalledTimes(2);
  work.mockReset().mockRejectedValue(refused);
  await expect(sensitive(work, { ask: () => Promise.resolve(false) })).rejects.toBe(refused);
  expect(work).toHaveBeenCalledTimes(1);
  const ask = vi.fn();
  work.mockReset().mockRejectedValue(new Refusal('exists', 409));
  await expect(sensitive(work, { ask })).rejects.toMatchObject({ code: 'exists' });
  expect(ask).not.toHaveBeenCalled();
});

// -- the log: trees made here, by the definition of RFC 9162 -----------------------

const sha = (...parts: Uint8Array[]) => new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest());
const leaves = Array.from({ length: 40 }, (_, n) => sha(Uint8Array.of(0, n)));
const split = (n: number) => 2 ** Math.ceil(Math.log2(n) - 1);
const root = (some: Uint8Array[]): Uint8Array =>
  some.length === 1 ? some[0]! : sha(Uint8Array.of(1), root(some.slice(0, split(some.length))), root(some.slice(split(some.length))));
/** SUBPROOF of RFC 9162, 2.1.4.1. */
function subproof(m: number, some: Uint8Array[], whole: boolean): Uint8Array[] {
  const n = some.length;
  if (m === n) return whole ? [] : [root(some)];
  const k = split(n);
  return m <= k
    ? [...subproof(m, some.slice(0, k), whole), root(some.slice(k))]
    : [...subproof(m - k, some.slice(k), false), root(some.slice(0, k))];
}
const at = (size: number) => ({ size, root: root(leaves.slice(0, size)) });

it('a log that only grew is known to, at every size', async () => {
  for (let now = 1; now <= leaves.length; now += 1) {
    for (let before = 1; before <= now; before += 1) {
      const path = subproof(before, leaves.slice(0, now), true);
      expect(await consistent(at(before), at(now), path), `${before} of ${now}`).toBe(true);
    }
  }
});

it('a log that was changed or cut is known to be', async () => {
  const path = subproof(7, leaves.slice(0, 20), true);
  const other = { size: 7, root: sha(Uint8Array.of(9)) };
  expect(await consistent(other, at(20), path)).toBe(false);
  expect(await consistent(at(7), { ...other, size: 20 }, path)).toBe(false);
  expect(await consistent(at(7), at(20), path.slice(1))).toBe(false);
  expect(await consistent(at(20), at(7), path)).toBe(false);
  expect(await consistent(at(7), { ...at(7), root: other.root }, [])).toBe(false);
});

it('a checkpoint is read from its note, and nothing else is one', () => {
  const text = 'lorryscan/x\n4711\n' + Buffer.from(bytesOf('c4'.repeat(32))).toString('base64') + '\n\n— sig\n';
  expect(checkpointOf(text)).toEqual({ size: 4711, root: bytesOf('c4'.repeat(32)) });
  expect(() => checkpointOf('<html>')).toThrow(SyntaxError);
});
