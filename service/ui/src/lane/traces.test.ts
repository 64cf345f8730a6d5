/** The curves' store: bounded, in order, nothing twice, gaps kept. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../lib/types';
import { curveKey, drawn, gapLimit_ms, gist, grouped, KEPT_MS, TraceStore, type Curve } from './traces';

function trace(t_utc_ms: number[], values: number[] = t_utc_ms, sensor = 'co2-inside', channel = ''): Trace {
  return { sensor, channel, role: '', unit: 'ppm', cancelled: false, t_utc_ms, low: values, high: values };
}

function times(store: TraceStore): number[] {
  return store.curves[0]?.t_ms ?? [];
}

describe('TraceStore', () => {
  it('adds increments in order', () => {
    const store = new TraceStore();
    store.take([trace([1000, 2000])], 2000, 'a');
    store.take([trace([3000])], 3000, 'a');
    expect(times(store)).toEqual([1000, 2000, 3000]);
  });

  it('doubles nothing when the last minute is sent again', () => {
    const store = new TraceStore();
    store.take([trace([1000, 2000, 3000])], 3000, 'a');
    store.take([trace([1000, 2000, 3000, 4000])], 4000, 'a');
    expect(times(store)).toEqual([1000, 2000, 3000, 4000]);
  });

  it('puts older points that were missed in their place', () => {
    const store = new TraceStore();
    store.take([trace([1000, 4000], [1, 4])], 4000, 'a');
    store.take([trace([2000, 3000, 4000], [2, 3, 4.5])], 4000, 'a');
    expect(store.curves[0]).toMatchObject({ t_ms: [1000, 2000, 3000, 4000], high: [1, 2, 3, 4.5] });
  });

  it('forgets what is older than two minutes, of silent curves too', () => {
    const store = new TraceStore();
    store.take([trace([0, 1000])], 1000, 'a');
    store.take([trace([KEPT_MS + 500], [1], 'co2-outside')], KEPT_MS + 500, 'a');
    expect(times(store)).toEqual([1000]);
    store.take([], 2 * KEPT_MS, 'a');
    expect(times(store)).toEqual([]);
  });

  it('begins afresh with another process of the lane, whose clock may be another', () => {
    const store = new TraceStore();
    store.take([trace([900_000])], 900_000, 'a');
    store.take([trace([1000])], 1000, 'b');
    expect(times(store)).toEqual([1000]);
    expect(store.now_ms).toBe(1000);
  });

  it('begins afresh when the lane’s clock was set back, or it would wait for the future', () => {
    const store = new TraceStore();
    store.take([trace([900_000])], 900_000, 'a');
    store.take([trace([899_000])], 899_100, 'a'); // a whole view that overlaps
    expect(times(store)).toEqual([899_000, 900_000]);
    store.take([trace([700_000])], 700_000, 'a');
    expect(times(store)).toEqual([700_000]);
    expect(store.now_ms).toBe(700_000);
  });

  it('keeps channels of one sensor apart', () => {
    const store = new TraceStore();
    store.take([trace([1], [1], 'geophones', 'c1'), trace([1], [2], 'geophones', 'c2')], 1, 'a');
    expect(store.curves.map((curve) => [curve.channel, curve.high])).toEqual([
      ['c1', [1]],
      ['c2', [2]],
    ]);
  });

  it('leaves out what has no value beside its time', () => {
    const store = new TraceStore();
    store.take([{ ...trace([1, 2, 3]), high: [1, 2] }], 3, 'a');
    expect(times(store)).toEqual([1, 2]);
  });
});

describe('drawn', () => {
  const curve = (t_ms: number[]) => {
    const store = new TraceStore();
    store.take([trace(t_ms)], t_ms.at(-1)!, 'a');
    return store.curves[0]!;
  };

  it('opens a gap instead of bridging it', () => {
    const shown = drawn(curve([0, 1000, 2000, 9000, 10_000]), 10_000, -60);
    expect(shown.high).toEqual([0, 1000, 2000, null, 9000, 10_000]);
    expect(shown.t_s).toEqual([-10, -9, -8, -7.999, -1, 0]);
  });

  it('shows the window only', () => {
    expect(drawn(curve([0, 1000, 2000, 3000]), 3000, -1.5).t_s).toEqual([-1, 0]);
  });

  it('takes the usual step as measure of a gap', () => {
    expect(gapLimit_ms([0, 100, 200, 300])).toBe(1000);
    expect(gapLimit_ms([0, 2000, 4000, 6000])).toBe(6000);
    expect(gapLimit_ms([5])).toBe(1000);
  });
});

describe('gist', () => {
  const of = (values: number[], now_ms = (values.length - 1) * 1000) => {
    const store = new TraceStore();
    store.take([trace(values.map((_, i) => i * 1000), values)], now_ms, 'a');
    return gist(store.curves[0]!, now_ms, 60);
  };

  it('names the trend', () => {
    expect(of([400, 450, 500, 550, 600, 650, 700]).trend).toBe('rising');
    expect(of([700, 650, 600, 550, 500, 450, 400]).trend).toBe('falling');
    expect(of([430, 434, 429, 433, 431, 428, 432]).trend).toBe('steady');
  });

  it('says how long nothing came', () => {
    expect(of([1, 2, 3], 2500).silent_ms).toBeNull();
    expect(of([1, 2, 3], 12_000).silent_ms).toBe(10_000);
  });
});

describe('grouped', () => {
  const wave = (channel: string, cancelled: boolean, sensor = 'geophones'): Curve => ({
    key: curveKey(sensor, channel, cancelled), sensor, channel, cancelled, unit: 'µm/s', t_ms: [], low: [], high: [],
  });
  const level = (sensor: string): Curve => ({ key: sensor, sensor, channel: '', unit: 'ppm', t_ms: [], low: [], high: [] });
  const all = [wave('c1', false), wave('c1', true), wave('g1', false), level('co2-out'), level('co2-in')];
  const roles = new Map([['co2-in', 'inside'], ['co2-out', 'outside']]);
  const shown = (cancelled: boolean) => grouped(all, roles, cancelled).map((group) => group.all.map((one) => one.channel || one.sensor));

  it('puts CO2 first, the load space before the outside air, and shows one stage of a channel', () => {
    expect(shown(false)).toEqual([['co2-in', 'co2-out'], ['c1', 'g1']]);
  });
  it('shows nothing loud beside what is left after noise cancellation', () => {
    expect(shown(true)).toEqual([['co2-in', 'co2-out'], ['c1']]);
  });
  it('shows waveforms of a lane that cancels nothing', () => {
    expect(grouped([wave('g1', false)], roles, true)).toHaveLength(1);
  });
});
