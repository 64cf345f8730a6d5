/**
 * What the page knows of the service, and whether it is still true.
 *
 * `/api/v1/state` once, then the events after it; an event carries a whole resource, which replaces the
 * one held. Silence for `STALE_MS` makes everything stale: the page must never look alive on old data.
 */
import { SvelteMap } from 'svelte/reactivity';
import { api, Refusal } from './api';
import { shared } from './shared';
import type { Alert, Bye, Command, Heartbeat, Hello, Lane, Live, LiveEvent, Me, Scan, Trouble, Vehicle } from './types';

export const STALE_MS = 1700;
const CHECK_MS = 50;
/** Views are shown no faster, the newest of each lane, all lanes together: each time the page draws once. */
export const SHOW_MS = 250;
const HELLO_WITHIN_MS = 3000;
const BACK_OFF_MS = { first: 300, longest: 3000 };
const AGAIN_MS = 1000;
const TIDY_MS = 120_000;
const MOST_CLOSED = 100;
const WHOLE_AGAIN_MS = 10_000;

/** `reconnecting` is a loss younger than `STALE_MS`; `connecting` is before anything was heard at all. */
export type Connection = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'stale';
/** `none`: nobody was logged in when the page opened. */
export type Ended = 'session_ended' | 'logged_out' | 'none';

/** Gets each live view of a lane: first the whole (traces up to two minutes back), then what is new. */
export type LiveListener = (live: Live, whole: boolean) => void;

type Resources<T> = Readonly<Record<string, T>>;
type Source = Pick<EventSource, 'addEventListener' | 'close'> & { onerror: EventSource['onerror'] };

/** The page's one stream; tests make their own with another `openSource`. */
export class BoothStream {
  me = $state.raw<Me | null>(null);
  lanes = $state.raw<Resources<Lane>>({});
  scans = $state.raw<Resources<Scan>>({});
  alerts = $state.raw<Resources<Alert>>({});
  commands = $state.raw<Resources<Command>>({});
  vehicles = $state.raw<Resources<Vehicle>>({});
  /** The view of each lane that is shown: one lane's is read and replaced without touching what reads another's. */
  lives = new SvelteMap<string, Live>();
  connection = $state<Connection>('idle');
  /** Why nobody is logged in, so that the login page is to be shown; null otherwise. */
  ended = $state<Ended | null>(null);
  /** Why the service cannot be reached, while it cannot. */
  trouble = $state.raw<Refusal | null>(null);
  /** What is wrong with the service itself, as it says with each heartbeat. */
  troubles = $state.raw<readonly Trouble[]>([]);
  /** Seconds since anything was heard from the service. */
  silent_s = $state(0);
  /** The service's time of day in whole seconds, carried on by the page's own clock between heartbeats. */
  now_utc_ms = $state(Date.now());
  /** The service was replaced by another version while this page was open. */
  outdated = $state(false);
  /** Lanes whose live view is too old to act on, by the service's word or by the page's own clock. */
  silentLanes = $state.raw<ReadonlySet<string>>(new Set());

  #openSource: (url: string) => Source;
  #source: Source | null = null;
  #run = '';
  #version = '';
  #seen = 0;
  #ready = false;
  #generation = 0;
  #backOff_ms = 0;
  #heardAt = { mono: 0, wall: 0 };
  #openedAt = 0;
  #utcOffset_ms = Date.now() - performance.now();
  #checking: ReturnType<typeof setInterval> | null = null;
  #retrying: ReturnType<typeof setTimeout> | null = null;
  #tidiedAt = 0;
  #againAt = -Infinity;
  #behindAt: number | null = null;
  #liveAt = new Map<string, number>();
  /** The newest view of each lane, shown or not yet, and when views were shown last. */
  #newest = new Map<string, Live>();
  #unshown = new Set<string>();
  #shownAt = -Infinity;
  #silencedAt = new Map<string, number>();
  #listeners = new Map<string, Set<LiveListener>>();
  #wholes = new Map<string, { at: number; waiting: Live[] | null }>();

  constructor(openSource: (url: string) => Source = (url) => new EventSource(url)) {
    this.#openSource = openSource;
  }

  /** Begin, or begin again after a login. */
  start(): void {
    this.stop();
    this.connection = 'connecting';
    this.ended = null;
    this.#ready = false;
    this.#hear();
    this.#checking = setInterval(() => this.#check(), CHECK_MS);
    globalThis.document?.addEventListener('visibilitychange', this.#checkNow);
    void this.#connect();
  }

  /** Hear nothing more; what is held is forgotten, so that nobody reads it after a logout. */
  stop(): void {
    this.#generation += 1;
    this.#closeSource();
    if (this.#checking !== null) clearInterval(this.#checking);
    if (this.#retrying !== null) clearTimeout(this.#retrying);
    this.#checking = this.#retrying = null;
    globalThis.document?.removeEventListener('visibilitychange', this.#checkNow);
    this.#run = this.#version = '';
    this.#seen = this.#backOff_ms = 0;
    this.me = null;
    this.lanes = this.scans = this.alerts = this.commands = this.vehicles = {};
    for (const held of [this.lives, this.#liveAt, this.#newest, this.#unshown]) held.clear();
    this.#silencedAt.clear();
    this.#wholes.clear();
    this.silentLanes = new Set();
    this.trouble = null;
    this.connection = 'idle';
  }

  /** The session is over: forget everything and show the login page, with the reason. */
  end(why: Ended): void {
    this.stop();
    this.ended = why;
  }

  /** Take a resource that an order answered with; the stream may have brought a newer one already. */
  put(kind: 'scan' | 'alert', resource: Scan | Alert): void {
    if (kind === 'alert') this.alerts = newer(this.alerts, resource as Alert);
    else this.scans = newer(this.scans, resource as Scan);
  }

  /** Take a command as the service answered it; an answer of the lane on the stream is never turned back. */
  putCommand(command: Command): void {
    const held = this.commands[command.id];
    if (held === undefined || held.state === 'waiting') this.commands = replaced(this.commands, command);
  }

  /**
   * Hear every live view of a lane. After each connection, and when increments were lost, the whole
   * view comes again; increments may overlap it, so points at or before the last one held are old.
   */
  onLive(lane: string, listener: LiveListener): () => void {
    const listeners = this.#listeners.get(lane) ?? new Set();
    this.#listeners.set(lane, listeners.add(listener));
    this.#wholes.delete(lane);
    if (this.#ready) void this.#fetchWhole(lane);
    return () => {
      listeners.delete(listener);
    };
  }

  // -- connecting --------------------------------------------------------------

  async #connect(): Promise<void> {
    const generation = this.#generation;
    this.#closeSource();
    try {
      if (this.#run === '') await this.#fetchState(generation);
      else this.me = await this.#askMe(generation); // an EventSource cannot tell a refused session from a service that is away
      if (generation !== this.#generation) return;
      this.trouble = null;
      this.#open();
    } catch (error) {
      if (generation !== this.#generation) return;
      if (error instanceof Refusal && error.status === 401) {
        this.end(this.me === null ? 'none' : 'session_ended');
        return;
      }
      this.trouble = error instanceof Refusal ? error : new Refusal('unexpected', 0, String(error));
      this.#retry();
    }
  }

  /** Who is logged in, unless something else was begun meanwhile. */
  async #askMe(generation: number): Promise<Me | null> {
    const me = await api.me();
    return generation === this.#generation ? me : this.me;
  }

  async #fetchState(generation: number): Promise<void> {
    const state = await api.state();
    if (generation !== this.#generation) return;
    this.me = state.me;
    this.lanes = byId(state.lanes);
    this.scans = byId(state.scans);
    this.alerts = byId(state.alerts);
    this.commands = byId(state.commands);
    this.vehicles = byId(state.vehicles);
    this.#run = state.run;
    this.#seen = state.sequence;
    this.#silencedAt.clear();
    this.#setTime(state.utc_ms);
    this.#noteVersion(state.version);
  }

  #open(): void {
    const source = this.#openSource(`/api/v1/events?after=${this.#seen}`);
    this.#source = source;
    this.#openedAt = performance.now();
    this.#behindAt = null;
    const on = <T>(kind: string, take: (data: T, sequence: number) => void): void => {
      source.addEventListener(kind, (event) => {
        if (source !== this.#source) return; // a late event of a stream that was given up
        const message = event as MessageEvent<string>;
        this.#hear();
        take(JSON.parse(message.data) as T, Number(message.lastEventId) || 0);
      });
    };
    on<Hello>('hello', (hello) => this.#hello(hello));
    on<Heartbeat>('heartbeat', (beat) => this.#heartbeat(beat));
    on<Scan>('scan', (scan, n) => this.#once(n, () => (this.scans = replaced(this.scans, scan))));
    on<Alert>('alert', (alert, n) => this.#once(n, () => (this.alerts = replaced(this.alerts, alert))));
    on<Command>('command', (command, n) =>
      this.#once(n, () => (this.commands = replaced(this.commands, command))),
    );
    on<Vehicle>('vehicle', (vehicle, n) => this.#once(n, () => (this.vehicles = comingOnly(this.vehicles, vehicle))));
    on<Lane>('lane', (lane, n) => this.#lane(lane, n));
    on<Me>('me', (me) => (this.me = me));
    on<LiveEvent>('live', (live) => this.#live(live));
    on('reset', () => this.#again());
    on<Bye>('bye', ({ code }) => {
      if (code === 'session_ended') this.end('session_ended');
      else this.#retry();
    });
    source.onerror = () => {
      if (source === this.#source) this.#retry();
    };
  }

  #closeSource(): void {
    this.#ready = false;
    this.#source?.close();
    this.#source = null;
  }

  /** Come back after a pause: 0.3 s, then longer, up to 3 s. */
  #retry(): void {
    this.#closeSource();
    if (this.connection === 'live') this.connection = 'reconnecting';
    if (this.#retrying !== null) return;
    const generation = this.#generation;
    const pause_ms = this.#backOff_ms || BACK_OFF_MS.first;
    this.#backOff_ms = Math.min(pause_ms * 2, BACK_OFF_MS.longest);
    this.#retrying = setTimeout(
      () => {
        this.#retrying = null;
        if (generation === this.#generation) void this.#connect();
      },
      pause_ms * (0.75 + Math.random() / 4),
    );
  }

  /** What is held may be wrong: fetch the state again, at once the first time. */
  #again(): void {
    this.#run = '';
    if (performance.now() - this.#againAt < AGAIN_MS) {
      this.#retry();
      return;
    }
    this.#againAt = performance.now();
    void this.#connect();
  }

  // -- events ------------------------------------------------------------------

  #hello(hello: Hello): void {
    this.#setTime(hello.utc_ms);
    this.#noteVersion(hello.version);
    if (hello.run !== this.#run) {
      this.#again();
      return;
    }
    this.#backOff_ms = 0;
    this.#ready = true;
    this.#check();
    this.#wholes.clear();
    for (const lane of this.#listeners.keys()) void this.#fetchWhole(lane);
  }

  #heartbeat(beat: Heartbeat): void {
    this.#setTime(beat.utc_ms);
    if (String(beat.troubles) !== String(this.troubles)) this.troubles = beat.troubles;
    // Two heartbeats that name an event which never came: it was lost on the way.
    const behind = beat.sequence > this.#seen;
    if (behind && this.#behindAt === this.#seen) {
      this.#behindAt = null;
      this.#again();
      return;
    }
    this.#behindAt = behind ? this.#seen : null;
  }

  /** Take a sequenced event unless it was seen before. */
  #once(sequence: number, take: () => void): void {
    if (sequence <= this.#seen) return;
    this.#seen = sequence;
    take();
  }

  // An event without an id shows the id of the one before it, so a `lane` event is taken whatever its number.
  #lane(lane: Lane, sequence: number): void {
    this.#seen = Math.max(this.#seen, sequence);
    this.#takeLane(lane);
    this.#check();
  }

  #takeLane(lane: Lane): void {
    if (lane.revoked) {
      const { [lane.id]: _gone, ...others } = this.lanes;
      this.lanes = others;
      return;
    }
    this.lanes = replaced(this.lanes, lane);
    if (lane.silent) this.#silencedAt.set(lane.id, performance.now());
    else this.#silencedAt.delete(lane.id);
  }

  #live(event: LiveEvent): void {
    const { lane_id, same_assessment, ...live } = event;
    const before = this.#newest.get(lane_id);
    const mono = performance.now();
    if (same_assessment) live.assessment = before?.assessment ?? null;
    this.#liveAt.set(lane_id, mono);
    this.#newest.set(lane_id, live);
    this.#unshown.add(lane_id);
    this.#show(mono);
    const whole = this.#wholes.get(lane_id);
    if (whole?.waiting) whole.waiting.push(live);
    else this.#tell(lane_id, live, false);
    const missed = before !== undefined && before.run === live.run && live.sequence > before.sequence + 1;
    if (missed && whole && performance.now() - whole.at > WHOLE_AGAIN_MS) void this.#fetchWhole(lane_id);
    if (this.silentLanes.has(lane_id)) this.#check();
  }

  async #fetchWhole(lane: string): Promise<void> {
    if (this.#wholes.get(lane)?.waiting) return;
    const whole = { at: performance.now(), waiting: [] as Live[] | null };
    this.#wholes.set(lane, whole);
    try {
      const view = await api.laneView(lane);
      if (this.#wholes.get(lane) !== whole) return;
      const held = this.lanes[lane];
      if (held === undefined || (view.lane.heard_utc_ms ?? 0) > (held.heard_utc_ms ?? 0)) {
        this.#takeLane(view.lane);
      }
      if (view.live) {
        if (!this.lives.has(lane)) this.lives.set(lane, view.live);
        this.#tell(lane, view.live, true);
      }
    } catch {
      whole.at = performance.now() - WHOLE_AGAIN_MS; // the next increment tries again; the view itself goes on
    } finally {
      if (this.#wholes.get(lane) === whole) {
        const waiting = whole.waiting ?? [];
        whole.waiting = null;
        for (const live of waiting) this.#tell(lane, live, false);
      }
    }
  }

  /** Show the newest views, unless some were shown just now; then they wait for the next look. */
  #show(mono: number): void {
    if (this.#unshown.size === 0 || mono - this.#shownAt < SHOW_MS) return;
    this.#shownAt = mono;
    for (const lane of this.#unshown) {
      const shown = shared(this.lives.get(lane), this.#newest.get(lane)!);
      this.lives.set(lane, shown);
      this.#newest.set(lane, shown);
    }
    this.#unshown.clear();
  }

  #tell(lane: string, live: Live, whole: boolean): void {
    for (const listener of this.#listeners.get(lane) ?? []) listener(live, whole);
  }

  // -- time and silence ----------------------------------------------------------

  #hear(): void {
    this.#heardAt = { mono: performance.now(), wall: Date.now() };
    this.silent_s = 0;
  }

  #setTime(utc_ms: number): void {
    this.#utcOffset_ms = utc_ms - performance.now();
    this.#tickClock(performance.now());
  }

  #tickClock(mono: number): void {
    this.now_utc_ms = Math.floor((mono + this.#utcOffset_ms) / 1000) * 1000;
  }

  #noteVersion(version: string): void {
    if (this.#version === '') this.#version = version;
    else if (this.#version !== version) this.outdated = true;
  }

  #checkNow = (): void => this.#check();

  #check(): void {
    const mono = performance.now();
    this.#tickClock(mono);
    // The monotonic clock may stand while the machine sleeps, the wall clock may be set back: the longer one counts.
    const silent_ms = Math.max(mono - this.#heardAt.mono, Date.now() - this.#heardAt.wall);
    const stale = silent_ms > STALE_MS;
    if (stale) {
      this.silent_s = Math.floor(silent_ms / 1000);
      if (this.connection !== 'connecting' || this.me !== null) this.connection = 'stale';
      if (this.#source !== null && mono - this.#openedAt > (this.#ready ? STALE_MS : HELLO_WITHIN_MS)) this.#retry();
    } else if (this.#ready) {
      this.connection = 'live';
    }
    this.#show(mono);
    this.#checkLanes(mono);
    if (mono - this.#tidiedAt > TIDY_MS) this.#tidy(mono);
  }

  /** A page stays open for weeks: forget old commands and all but the newest closed scans and alerts. */
  #tidy(mono: number): void {
    this.#tidiedAt = mono;
    const fresh = Object.values(this.commands).filter((one) => one.given_utc_ms > this.now_utc_ms - TIDY_MS);
    if (fresh.length < Object.keys(this.commands).length) this.commands = byId(fresh);
    this.alerts = withoutOld(this.alerts);
    this.scans = withoutOld(this.scans);
  }

  #checkLanes(mono: number): void {
    const silent = new Set<string>();
    for (const lane of Object.values(this.lanes)) {
      const live_at = this.#liveAt.get(lane.id);
      const silenced_at = this.#silencedAt.get(lane.id) ?? (lane.silent ? -Infinity : null);
      const unheard = live_at === undefined ? mono - this.#openedAt > STALE_MS : mono - live_at > STALE_MS;
      const silenced = silenced_at !== null && (live_at === undefined || silenced_at >= live_at);
      if (unheard || silenced) silent.add(lane.id);
    }
    const same = silent.size === this.silentLanes.size && [...silent].every((lane) => this.silentLanes.has(lane));
    if (!same) this.silentLanes = silent;
  }
}

function byId<T extends { id: string }>(resources: readonly T[]): Resources<T> {
  return Object.fromEntries(resources.map((resource) => [resource.id, resource]));
}

function replaced<T extends { id: string }>(held: Resources<T>, resource: T): Resources<T> {
  return { ...held, [resource.id]: resource };
}

/** Vehicles with one as it became; those that have been, or do not come, are forgotten. */
function comingOnly(held: Resources<Vehicle>, vehicle: Vehicle): Resources<Vehicle> {
  const { [vehicle.id]: _before, ...others } = held;
  return vehicle.state === 'expected' || vehicle.state === 'scanning' ? { ...others, [vehicle.id]: vehicle } : others;
}

function newer<T extends { id: string; version: number }>(held: Resources<T>, resource: T): Resources<T> {
  return (held[resource.id]?.version ?? -1) > resource.version ? held : replaced(held, resource);
}

/** All open ones and the newest closed ones; the ids are ULIDs, which sort by time. */
function withoutOld<T extends { id: string; state: string }>(held: Resources<T>): Resources<T> {
  const closed = Object.values(held).filter((one) => one.state === 'closed');
  if (closed.length <= MOST_CLOSED) return held;
  const old = closed.sort((one, other) => (one.id < other.id ? 1 : -1)).slice(MOST_CLOSED);
  const { ...kept } = held as Record<string, T>;
  for (const one of old) delete kept[one.id];
  return kept;
}

/** The page's stream. */
export const stream = new BoothStream();

/** Hear every live view of a lane; see `BoothStream.onLive`. */
export function onLive(lane: string, listener: LiveListener): () => void {
  return stream.onLive(lane, listener);
}
