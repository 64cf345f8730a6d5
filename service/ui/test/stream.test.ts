/** The stream never shows old data as live, never goes back, and comes back by itself. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import search from '../src/design/fixtures/search.json';
import { SHOW_MS, type BoothStream } from '../src/lib/stream.svelte';
import type { Live } from '../src/lib/types';
import { alert, FakeService, lane, live, scan } from './fake';

let service: FakeService;
let stream: BoothStream;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  service = new FakeService();
  stream = service.stream();
});

afterEach(() => {
  stream.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Time for answers that are there already, and no more. */
const settle = () => vi.advanceTimersByTimeAsync(0);

async function connected(): Promise<void> {
  stream.start();
  await settle();
  service.hello();
}

describe('connecting', () => {
  it('fetches the state, then opens the stream after its sequence', async () => {
    service.scans = [scan('a')];
    await connected();
    expect(service.source.url).toBe('/api/v1/events?after=10');
    expect(stream.scans['a']?.id).toBe('a');
    expect(stream.connection).toBe('live');
  });

  it('is not live before the hello', async () => {
    stream.start();
    await settle();
    expect(stream.connection).toBe('connecting');
  });

  it('shows the login page without a session, and no reason', async () => {
    service.answers.set('/api/v1/state', { status: 401, body: { code: 'not_logged_in' }, type: 'application/problem+json' });
    stream.start();
    await settle();
    expect(stream.ended).toBe('none');
  });

  it('keeps trying while the service is away, and says why', async () => {
    service.answers.set('/api/v1/state', { refused: true });
    stream.start();
    await vi.advanceTimersByTimeAsync(5000);
    expect(stream.trouble?.code).toBe('unreachable');
    service.answers.clear();
    await vi.advanceTimersByTimeAsync(3000);
    service.hello();
    expect(stream.connection).toBe('live');
    expect(stream.trouble).toBeNull();
  });
});

describe('events', () => {
  it('replace what is held', async () => {
    await connected();
    service.source.send('alert', alert('a', { version: 1 }), 11);
    service.source.send('alert', alert('a', { state: 'acknowledged', version: 2 }), 12);
    expect(stream.alerts['a']?.state).toBe('acknowledged');
  });

  it('seen before are ignored', async () => {
    await connected();
    service.source.send('alert', alert('a', { state: 'closed' }), 12);
    service.source.send('alert', alert('a', { state: 'raised' }), 11);
    expect(stream.alerts['a']?.state).toBe('closed');
  });

  it('without an id are not taken for seen ones', async () => {
    await connected();
    service.source.send('scan', scan('a'), 11);
    service.source.send('lane', lane('north', { silent: true }));
    expect(stream.silentLanes.has('north')).toBe(true);
  });

  it('of a stream that was given up change nothing', async () => {
    await connected();
    const old = service.source;
    old.fail();
    await vi.advanceTimersByTimeAsync(400);
    service.hello();
    old.send('alert', alert('late'), 99);
    expect(stream.alerts['late']).toBeUndefined();
  });

  it('leave a newer answer of the service alone', async () => {
    await connected();
    stream.put('alert', alert('a', { version: 3, state: 'outcome' }));
    stream.put('alert', alert('a', { version: 2, state: 'acknowledged' }));
    expect(stream.alerts['a']?.state).toBe('outcome');
  });

  it('take a lane away when it is revoked', async () => {
    await connected();
    service.source.send('lane', lane('north', { revoked: true }), 11);
    expect(stream.lanes).toEqual({});
  });

  it('say that the page was replaced', async () => {
    await connected();
    service.version = '0.2.0';
    service.hello();
    expect(stream.outdated).toBe(true);
  });
});

describe('staleness', () => {
  it('comes within 2 s of the last byte, and not with heartbeats', async () => {
    await connected();
    await service.beatFor(8000);
    expect(stream.connection).toBe('live');
    service.beat();
    await vi.advanceTimersByTimeAsync(1600);
    expect(stream.connection).toBe('live');
    await vi.advanceTimersByTimeAsync(300);
    expect(stream.connection).toBe('stale');
  });

  it('counts from the last byte', async () => {
    await connected();
    service.answers.set('/api/v1/me', { hangs: true });
    await vi.advanceTimersByTimeAsync(4050);
    expect(stream.silent_s).toBe(4);
  });

  it('is seen after a sleep in which the monotonic clock stood still', async () => {
    await connected();
    vi.setSystemTime(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(stream.connection).toBe('stale');
  });

  it('comes while the new connection hangs, too', async () => {
    await connected();
    service.source.fail();
    service.answers.set('/api/v1/me', { hangs: true });
    await vi.advanceTimersByTimeAsync(1900);
    expect(stream.connection).toBe('stale');
  });

  it('stays until the new stream says hello', async () => {
    await connected();
    await vi.advanceTimersByTimeAsync(1900);
    expect(service.source.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(400);
    expect(service.sources.length).toBe(2);
    expect(stream.connection).toBe('stale');
    service.hello();
    expect(stream.connection).toBe('live');
  });

  it('gives up a stream that never says hello', async () => {
    stream.start();
    await settle();
    await vi.advanceTimersByTimeAsync(4000);
    expect(service.sources[0]?.closed).toBe(true);
    expect(service.sources.length).toBe(2);
  });

  it('leaves alarms in place', async () => {
    service.alerts = [alert('a')];
    await connected();
    await vi.advanceTimersByTimeAsync(5000);
    expect(stream.alerts['a']?.state).toBe('raised');
  });
});

describe('coming back', () => {
  it('goes on after the last event seen', async () => {
    await connected();
    service.source.send('scan', scan('a'), 17);
    service.source.fail();
    expect(stream.connection).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(300);
    expect(service.source.url).toBe('/api/v1/events?after=17');
    expect(service.asked.filter((one) => one === 'GET /api/v1/state').length).toBe(1);
  });

  it('waits longer each time, up to 3 s', async () => {
    await connected();
    service.answers.set('/api/v1/me', { refused: true });
    const began = performance.now();
    const tries: number[] = [];
    service.source.fail();
    for (let seen = 0; performance.now() - began < 20_000; ) {
      await vi.advanceTimersByTimeAsync(10);
      const now = service.asked.filter((one) => one === 'GET /api/v1/me').length;
      if (now > seen) tries.push(performance.now());
      seen = now;
    }
    const pauses = tries.slice(1).map((at, n) => at - (tries[n] ?? 0));
    expect((tries[0] ?? 0) - began).toBeGreaterThanOrEqual(220);
    expect(pauses[0]).toBeGreaterThan(400);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(3020);
    expect(pauses.at(-1)).toBeGreaterThan(2200);
  });

  it('fetches the state of a service that was started again before it is live', async () => {
    service.alerts = [alert('old')];
    await connected();
    service.source.fail();
    Object.assign(service, { run: 'run-2', sequence: 3, alerts: [alert('new')] });
    await vi.advanceTimersByTimeAsync(300);
    service.hello();
    expect(stream.connection).not.toBe('live');
    await settle();
    service.hello();
    expect(Object.keys(stream.alerts)).toEqual(['new']);
    expect(service.source.url).toBe('/api/v1/events?after=3');
    expect(stream.connection).toBe('live');
  });

  it('fetches the state after a reset', async () => {
    await connected();
    service.sequence = 9000;
    service.source.send('reset', {});
    await settle();
    expect(service.source.url).toBe('/api/v1/events?after=9000');
  });

  it('fetches the state when heartbeats name events that never came', async () => {
    await connected();
    Object.assign(service, { sequence: 12, alerts: [alert('missed')] });
    service.beat();
    await settle();
    expect(stream.alerts['missed']).toBeUndefined();
    service.beat();
    await settle();
    expect(stream.alerts['missed']?.id).toBe('missed');
  });

  it.each([
    ['bye', () => service.source.send('bye', { code: 'session_ended' })],
    [
      'a refusal',
      () => {
        service.answers.set('/api/v1/me', { status: 401, body: { code: 'not_logged_in' }, type: 'application/problem+json' });
        service.source.fail();
      },
    ],
  ])('shows the login page with the reason when the session ended: %s', async (_name, end) => {
    service.scans = [scan('a')];
    await connected();
    end();
    await vi.advanceTimersByTimeAsync(400);
    expect(stream.ended).toBe('session_ended');
    expect(stream.scans).toEqual({});
    expect(service.source.closed).toBe(true);
  });
});

describe('a lane', () => {
  const tell = (sequence: number) => service.source.send('live', { lane_id: 'north', ...live(sequence) });

  it('is silent when its live view is old, whatever the service says', async () => {
    await connected();
    let sequence = 1;
    await service.beatFor(4000, () => tell((sequence += 1)));
    expect(stream.silentLanes.has('north')).toBe(false);
    await service.beatFor(2000);
    expect(stream.silentLanes.has('north')).toBe(true);
    tell((sequence += 1));
    expect(stream.silentLanes.has('north')).toBe(false);
  });

  it('is silent at once when the service says so', async () => {
    await connected();
    tell(2);
    await vi.advanceTimersByTimeAsync(100);
    service.source.send('lane', lane('north', { silent: true }));
    expect(stream.silentLanes.has('north')).toBe(true);
  });

  it('shows a view at once when none was shown just now', async () => {
    await connected();
    tell(2);
    expect(stream.lives.get('north')?.sequence).toBe(2);
    await vi.advanceTimersByTimeAsync(SHOW_MS);
    tell(3);
    expect(stream.lives.get('north')?.sequence).toBe(3);
  });

  it('shows of views that come faster the newest, a moment later, also when no other follows', async () => {
    await connected();
    for (const sequence of [2, 3, 4]) tell(sequence);
    expect(stream.lives.get('north')?.sequence).toBe(2);
    await vi.advanceTimersByTimeAsync(SHOW_MS + 50);
    expect(stream.lives.get('north')?.sequence).toBe(4);
  });

  it('keeps the assessment that a view does not say again, and lets go of it when a view has none', async () => {
    await connected();
    const said = (sequence: number): Live => live(sequence, { assessment: search.assessment as Live['assessment'] });
    service.source.send('live', { lane_id: 'north', ...said(2) });
    const { assessment: _left, ...lean } = said(3);
    service.source.send('live', { lane_id: 'north', ...lean, same_assessment: true });
    await vi.advanceTimersByTimeAsync(SHOW_MS + 50);
    expect(stream.lives.get('north')).toEqual(said(3));
    service.source.send('live', { lane_id: 'north', ...live(4, { assessment: null }) });
    await vi.advanceTimersByTimeAsync(SHOW_MS + 50);
    service.source.send('live', { lane_id: 'north', ...lean, sequence: 5, same_assessment: true });
    await vi.advanceTimersByTimeAsync(SHOW_MS + 50);
    expect(stream.lives.get('north')?.assessment).toBeNull();
  });

  it('shows nothing of it to who logs in next', async () => {
    await connected();
    for (const sequence of [2, 3]) tell(sequence);
    stream.end('logged_out');
    await vi.advanceTimersByTimeAsync(1000);
    expect(stream.lives.size).toBe(0);
  });

  it('gives listeners the whole first, then what is new, in order', async () => {
    await connected();
    const heard: [number, boolean][] = [];
    stream.onLive('north', (view, whole) => heard.push([view.sequence, whole]));
    tell(2);
    await settle();
    tell(3);
    expect(heard).toEqual([[1, true], [2, false], [3, false]]);
  });

  it('gives the whole again after a new connection', async () => {
    await connected();
    const wholes: boolean[] = [];
    stream.onLive('north', (_view, whole) => wholes.push(whole));
    await settle();
    service.source.fail();
    await vi.advanceTimersByTimeAsync(400);
    service.hello();
    await settle();
    expect(wholes).toEqual([true, true]);
  });
});
