/** A service for the stream's tests: its answers, its events, and a clock that the test moves. */
import { vi } from 'vitest';
import { BoothStream } from '../src/lib/stream.svelte';
import type { Alert, Lane, Live, Scan, State } from '../src/lib/types';

type Taker = (event: MessageEvent<string>) => void;

export class FakeSource {
  closed = false;
  onerror: EventSource['onerror'] = null;
  #takers = new Map<string, Taker[]>();
  #lastId = '';

  constructor(readonly url: string) {}

  addEventListener(kind: string, take: unknown): void {
    this.#takers.set(kind, [...(this.#takers.get(kind) ?? []), take as Taker]);
  }

  close(): void {
    this.closed = true;
  }

  /** As browsers do: an event without an id shows that of the last one that had one. */
  send(kind: string, data: unknown, id?: number): void {
    if (id !== undefined) this.#lastId = String(id);
    const event = { data: JSON.stringify(data), lastEventId: this.#lastId } as MessageEvent<string>;
    for (const take of this.#takers.get(kind) ?? []) take(event);
  }

  fail(): void {
    this.onerror?.call(this as unknown as EventSource, new Event('error'));
  }
}

export interface Answer {
  status?: number;
  body?: unknown;
  type?: string;
  /** No connection at all. */
  refused?: boolean;
  /** Never answers. */
  hangs?: boolean;
}

export class FakeService {
  run = 'run-1';
  sequence = 10;
  version = '0.1.0';
  lanes: Lane[] = [lane('north')];
  scans: Scan[] = [];
  alerts: Alert[] = [];
  sources: FakeSource[] = [];
  asked: string[] = [];
  /** Answers by path in place of the usual ones. */
  answers = new Map<string, Answer>();

  constructor() {
    vi.stubGlobal('fetch', (path: string, options: RequestInit) => this.#fetch(path, options));
  }

  stream(): BoothStream {
    return new BoothStream((url) => {
      const source = new FakeSource(url);
      this.sources.push(source);
      return source as unknown as EventSource;
    });
  }

  get source(): FakeSource {
    const newest = this.sources.at(-1);
    if (newest === undefined) throw new Error('no stream was opened');
    return newest;
  }

  hello(): void {
    this.source.send('hello', { run: this.run, version: this.version, sequence: this.sequence, utc_ms: Date.now() });
  }

  beat(): void {
    this.source.send('heartbeat', { utc_ms: Date.now(), sequence: this.sequence, troubles: [] });
  }

  /** Heartbeats and live views for so long. */
  async beatFor(ms: number, live: (() => void) | null = null): Promise<void> {
    for (let passed = 0; passed < ms; passed += 400) {
      await vi.advanceTimersByTimeAsync(400);
      if (passed % 800 === 0) this.beat();
      live?.();
    }
  }

  state(): State {
    const { run, sequence, version, lanes, scans, alerts } = this;
    const me: State['me'] = { name: 'officer.north', role: 'officer', permissions: ['command_lanes'], expires_utc_ms: 2e12, locked: false, locks_utc_ms: 2e12, has_pin: true };
    return { run, sequence, version, lanes, scans, alerts, me, commands: [], vehicles: [], utc_ms: Date.now() };
  }

  #fetch(path: string, options: RequestInit): Promise<Response> {
    this.asked.push(`${options.method} ${path}`);
    const usual: Record<string, () => unknown> = {
      '/api/v1/state': () => this.state(),
      '/api/v1/me': () => this.state().me,
      '/api/v1/lanes/north/live': () => ({ lane: this.lanes[0], live: live(1) }),
    };
    const answer = this.answers.get(path) ?? { body: usual[path]?.() };
    if (answer.refused) return Promise.reject(new TypeError('Failed to fetch'));
    if (answer.hangs) {
      return new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
    }
    const headers = { 'Content-Type': answer.type ?? 'application/json' };
    return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status ?? 200, headers }));
  }
}

export function lane(id: string, more: Partial<Lane> = {}): Lane {
  return { id, heard_utc_ms: 1_800_000_000_000, silent: false, revoked: false, ...more };
}

export function live(sequence: number, more: Partial<Live> = {}): Live {
  return {
    run: '01JD8Z6W8S4N0T7K3Q5V9X2B1C', sequence, utc_ms: 1_800_000_000_000, scan_id: '', visit: 0, declaration: null, limits: null, assessed_utc_ms: null, profiles: {},
    elapsed_s: 0, time_limit_s: null, prior: null, probe_in: false, assessment: null, devices: [], waiting: [],
    faults: [], untold: 0, traces: [], pictures: [], ...more,
  };
}

export function scan(id: string, version = 1, more: Partial<Scan> = {}): Scan {
  return {
    id, lane_id: 'north', state: 'open', declaration: null, opened_utc_ms: 0, opened_by: 'officer.north', closed_utc_ms: null,
    closed_by: '', visits: 1, in_visit: true, recommendation: null, final: false, assessment: null, assessed_utc_ms: null,
    interrupted: false, alert_id: null, version, ...more,
  };
}

export function alert(id: string, more: Partial<Alert> = {}): Alert {
  return {
    id, scan_id: `scan-${id}`, lane_id: 'north', plate: '', level: 'search', state: 'raised', raised_utc_ms: 0, raised_by: 'north',
    reasons: [], persons_likely: null, minutes_low: null, acknowledged_utc_ms: null, acknowledged_by: '', outcome: null,
    closed_utc_ms: null, closed_by: '', owner: '', assigned_to: '', assigned_is_account: false, assigned_by: '',
    assigned_utc_ms: null, due_utc_ms: null, escalation: 0, shelved_utc_ms: null, shelved_until_utc_ms: null,
    shelved_by: '', shelved_reason: '', version: 1, ...more,
  };
}
