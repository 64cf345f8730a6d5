/** A visit as of a moment, and the player's clock. */
import { describe, expect, it } from 'vitest';
import type { Picture, TimelineEvent, TimelineVisit } from '../lib/types';
import type { Curve } from '../lane/traces';
import { Player } from './player.svelte';
import { assessedAt, assessmentAt, curvesOf, lastAt, moment, nextEvent, picturesAt, stretches, valueAt } from './timeline';

function visit(more: Partial<TimelineVisit>): TimelineVisit {
  return { duration_s: 90, steps: [], pictures: [], events: [], traces: [], ...more } as unknown as TimelineVisit;
}

const change = (t_s: number, recommendation: string | null): TimelineEvent => ({ t_s, recommendation }) as unknown as TimelineEvent;

describe('a moment', () => {
  it('is looked up to the last that is not after it', () => {
    expect([-1, 0, 1, 1.5, 9].map((t) => lastAt([0, 1, 2], t))).toEqual([-1, 0, 1, 1, 2]);
  });
  it('shows what was thought by then, and nothing before', () => {
    const steps = [{ t_s: 1, assessment: { digest: 'a' } }, { t_s: 2, assessment: { digest: 'b' } }] as unknown as TimelineVisit['steps'];
    const at = (t: number) => assessmentAt(visit({ steps }), t)?.digest ?? null;
    expect([0.9, 1, 1.9, 2, 80].map(at)).toEqual([null, 'a', 'a', 'b', 'b']);
    expect(assessedAt(visit({ steps }), 80)).toBe(2);
  });
  it('shows each sensor’s newest picture, none from later', () => {
    const picture = (sensor: string, version: number): Picture => ({ sensor, version }) as Picture;
    const pictures = [
      { t_s: 1, picture: picture('doors', 1) },
      { t_s: 3, picture: picture('xray', 2) },
      { t_s: 4, picture: picture('doors', 3) },
    ];
    const at = (t: number) => picturesAt(visit({ pictures }), t).map((one) => one.version);
    expect([0, 2, 3.5, 9].map(at)).toEqual([[], [1], [1, 2], [3, 2]]);
  });
  it('is written in minutes and seconds', () => {
    expect([0, 59.9, 60, 754].map(moment)).toEqual(['0:00', '0:59', '1:00', '12:34']);
  });
});

describe('curves', () => {
  const curve = (t_ms: number[]): Curve => ({ key: 'k', sensor: 's', channel: '', unit: 'ppm', t_ms, low: t_ms, high: t_ms });
  it('have no value where there is a gap', () => {
    const one = curve([0, 1000, 2000, 3000, 60_000]);
    expect(valueAt(one, 2500)?.high).toBe(2000);
    expect(valueAt(one, 50_000)).toBeNull();
    expect(valueAt(one, -1)).toBeNull();
  });
  it('keep both stages apart', () => {
    const trace = { sensor: 'g', channel: 'c1', unit: 'µm/s', t_s: [0.5], low: [-1], high: [1] };
    const [raw, left] = curvesOf(visit({ traces: [{ ...trace, cancelled: false }, { ...trace, cancelled: true }] }));
    expect(raw!.key).not.toBe(left!.key);
    expect(raw!.t_ms).toEqual([500]);
  });
});

describe('what happened', () => {
  it('gives stretches of one recommendation', () => {
    const events = [change(1, 'inconclusive'), change(4, null), change(20, 'search'), change(21, 'search'), change(50, 'rescue')];
    expect(stretches(visit({ events }))).toEqual([
      { from_s: 1, to_s: 20, recommendation: 'inconclusive' },
      { from_s: 20, to_s: 50, recommendation: 'search' },
      { from_s: 50, to_s: 90, recommendation: 'rescue' },
    ]);
  });
  it('is stepped through both ways, not stuck where one stands', () => {
    const events = [change(1, null), change(5, null)];
    expect(nextEvent(events, 1, false)).toBe(5);
    expect(nextEvent(events, 5, true)).toBe(1);
    expect(nextEvent(events, 5, false)).toBeNull();
  });
});

describe('Player', () => {
  it('begins at the end, and plays from the start', () => {
    const player = new Player();
    player.load(90);
    expect([player.t_s, player.playing]).toEqual([90, false]);
    player.toggle();
    expect([player.t_s, player.playing]).toEqual([0, true]);
  });
  it('goes at its speed and stops at the end', () => {
    const player = new Player();
    player.load(90, 10);
    player.speed = 60;
    player.toggle();
    player.advance(1);
    expect(player.t_s).toBe(70);
    player.advance(1);
    expect([player.t_s, player.playing]).toEqual([90, false]);
  });
  it('shows what is costly a few times a second, and at once where one goes', () => {
    const player = new Player();
    player.load(90, 10);
    player.toggle();
    player.advance(0.1);
    expect([player.t_s, player.shown_s]).toEqual([10.1, 10]);
    player.advance(0.1);
    expect(player.shown_s).toBeCloseTo(10.2);
    player.seek(50);
    expect(player.shown_s).toBe(50);
  });
  it('stands while it is paused, and keeps within the visit', () => {
    const player = new Player();
    player.load(90, 200);
    expect(player.t_s).toBe(90);
    player.seek(-4);
    player.advance(5);
    expect(player.t_s).toBe(0);
  });
  it('cannot play what has no length', () => {
    const player = new Player();
    player.load(0);
    player.toggle();
    expect(player.playing).toBe(false);
  });
});
