/** Each failed question ends in a refusal that says what failed; orders are asked again with the same key. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api, Refusal } from '../src/lib/api';
import { speak } from '../src/i18n/index.svelte';
import { problem } from '../src/lib/problem';

const PROBLEM = { 'Content-Type': 'application/problem+json' };
let asked: { path: string; body: unknown }[];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  speak('en');
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function serve(...answers: (() => Promise<Response>)[]): void {
  vi.stubGlobal('fetch', (path: string, options: RequestInit) => {
    asked.push({ path, body: options.body === undefined ? undefined : JSON.parse(options.body as string) });
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    if (answer === undefined) throw new Error('no answer was given to the test');
    return new Promise((resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      answer().then(resolve, reject);
    });
  });
}

const unreachable = () => Promise.reject(new TypeError('Failed to fetch'));
const refused = (status: number, body: object, headers = {}) => () =>
  Promise.resolve(new Response(JSON.stringify(body), { status, headers: { ...PROBLEM, ...headers } }));
const given = (body: object) => () => Promise.resolve(new Response(JSON.stringify(body), { status: 202 }));

async function refusalOf(promise: Promise<unknown>): Promise<Refusal> {
  const caught = promise.then(
    () => new Error('it was not refused'),
    (error: unknown) => error,
  );
  await vi.runAllTimersAsync();
  const error = await caught;
  if (!(error instanceof Refusal)) throw error;
  return error;
}

describe('a refusal', () => {
  it('has the code and the words of the problem document', async () => {
    serve(refused(409, { code: 'no_outcome', detail: 'record it first', status: 409 }));
    const refusal = await refusalOf(api.closeAlert('a'));
    expect(refusal).toMatchObject({ code: 'no_outcome', status: 409, detail: 'record it first' });
    expect(problem(refusal)).toBe('Record the outcome first.');
  });

  it('says how long to wait', async () => {
    serve(refused(429, { code: 'too_many_logins' }, { 'Retry-After': '17' }));
    expect(problem(await refusalOf(api.login('a', 'b')))).toContain('Wait 17\u00a0s');
  });

  it('says which field is wrong', async () => {
    serve(refused(422, { code: 'malformed', errors: [{ location: 'body.people', message: 'too large' }] }));
    expect(problem(await refusalOf(api.raiseAlert('a', '')))).toContain('body.people: too large');
  });

  it('with an unknown code shows the service’s words', async () => {
    serve(refused(418, { code: 'teapot', detail: 'short and stout' }));
    expect(problem(await refusalOf(api.me()))).toBe('The service refused this: short and stout (teapot)');
  });

  it('that is no problem document is unexpected', async () => {
    serve(() => Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 404 })));
    expect(await refusalOf(api.me())).toMatchObject({ code: 'unexpected', status: 404 });
  });

  it('is unexpected when a good answer is not JSON', async () => {
    serve(() => Promise.resolve(new Response('<html>', { status: 200 })));
    expect(await refusalOf(api.me())).toMatchObject({ code: 'unexpected' });
  });

  it('comes after 5 s without an answer', async () => {
    serve(() => new Promise<Response>(() => undefined));
    const began = performance.now();
    expect((await refusalOf(api.me())).code).toBe('timeout');
    expect(performance.now() - began).toBe(5000);
  });

  it('is said in French, too', async () => {
    speak('fr');
    serve(unreachable);
    expect(problem(await refusalOf(api.me()))).toContain('Le service est injoignable\u00a0:');
  });
});

describe('an order', () => {
  it('is asked again with the same key after a network error', async () => {
    serve(unreachable, unreachable, given({ id: 'x' }));
    const command = api.command('north quay', { name: 'leave' });
    await vi.runAllTimersAsync();
    expect(await command).toEqual({ id: 'x' });
    expect(asked.length).toBe(3);
    expect(new Set(asked.map(({ body }) => (body as { key: string }).key)).size).toBe(1);
    expect(asked[0]?.path).toBe('/api/v1/lanes/north%20quay/commands');
  });

  it('ends in a refusal when nothing helps', async () => {
    serve(unreachable);
    expect((await refusalOf(api.command('north', { name: 'leave' }))).code).toBe('unreachable');
    expect(asked.length).toBe(3);
  });

  it('is asked once when the service says no', async () => {
    serve(refused(409, { code: 'key_reused' }));
    await refusalOf(api.command('north', { name: 'leave' }));
    expect(asked.length).toBe(1);
  });

  it('has a key of its own each time', async () => {
    serve(given({}));
    await api.command('north', { name: 'leave' });
    await api.command('north', { name: 'leave' });
    const keys = asked.map(({ body }) => (body as { key: string }).key);
    expect(keys[0]).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it('to log in is never repeated by itself', async () => {
    serve(unreachable);
    await refusalOf(api.login('a', 'b'));
    expect(asked.length).toBe(1);
  });
});
