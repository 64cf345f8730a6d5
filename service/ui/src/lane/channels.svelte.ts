/** The waveform channels of a lane's boards, and what each looks at, as its curves tell. */
import type { Trace } from '../lib/types';

export class Channels {
  /** Role by channel, by sensor: "" where the lane does not tell it. */
  of = $state.raw<ReadonlyMap<string, ReadonlyMap<string, string>>>(new Map());
  #run = '';

  /** Take what a live view brings; another `run` is another process, perhaps with other boards. */
  take(traces: readonly Pick<Trace, 'sensor' | 'channel' | 'role' | 'unit'>[], run: string): void {
    const held = run === this.#run ? this.of : new Map<string, ReadonlyMap<string, string>>();
    const fresh = traces.filter(
      ({ sensor, channel, role, unit }) =>
        channel !== '' && (role || unit === 'µm/s' || unit === 'counts') && held.get(sensor)?.get(channel) !== (role ?? ''),
    );
    if (fresh.length === 0 && run === this.#run) return;
    const next = new Map([...held].map(([sensor, channels]) => [sensor, new Map(channels)]));
    for (const { sensor, channel, role } of fresh) {
      next.set(sensor, (next.get(sensor) ?? new Map<string, string>()).set(channel, role ?? ''));
    }
    this.#run = run;
    this.of = next;
  }

  /** Names of a sensor's channels that look at a role, in order. */
  names(sensor: string, role: string): string[] {
    const channels = [...(this.of.get(sensor) ?? [])];
    return channels.filter(([, own]) => own === role).map(([name]) => name).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }
}
