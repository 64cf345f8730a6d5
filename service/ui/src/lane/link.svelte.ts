/** What is pointed at: a sensor, its device, its picture or its method, so that each lights up where it stands. */
import { getContext, setContext } from 'svelte';
import type { Device } from '../lib/types';
import { methodsOf, sensorsOf } from './senses';

const KEY = Symbol('link');
const PICTURED: Record<string, string> = { thermal: 'doors', xray: 'portal' };
const TAGS = '[data-sensor], [data-device], [data-modality], [data-picture]';

export class Link {
  sensors = $state.raw<ReadonlySet<string>>(new Set());
  methods = $state.raw<ReadonlySet<string>>(new Set());

  /** Light up what belongs to the tagged element around `target`; nothing where there is none. */
  point(target: EventTarget | null, devices: readonly Device[]): void {
    const tagged = target instanceof Element ? target.closest<HTMLElement>(TAGS) : null;
    const { sensor, device, modality, picture } = tagged?.dataset ?? {};
    const name = sensor ?? device;
    if (modality) this.#light(sensorsOf(modality, devices), [modality]);
    else if (picture) this.#lightDevices(devices.filter(({ role }) => role === PICTURED[picture]));
    else if (name) this.#lightDevices(devices.filter((one) => one.name === name));
    else this.#light([], []);
  }

  #lightDevices(devices: readonly Device[]): void {
    this.#light(devices.map(({ name }) => name), devices.flatMap(({ role }) => methodsOf(role)));
  }

  #light(sensors: readonly string[], methods: readonly string[]): void {
    // the same again changes nothing: pointers move often
    if (sensors.join() !== [...this.sensors].join()) this.sensors = new Set(sensors);
    if (methods.join() !== [...this.methods].join()) this.methods = new Set(methods);
  }
}

/** Where a sensor is shown in full: an imager's picture, a failing device's line, else its curve. */
export function placeOf({ name, role }: Pick<Device, 'name' | 'role'>, fails: boolean, traced: boolean): string {
  const line = `[data-device="${name}"]`;
  if (fails) return line;
  const kind = Object.keys(PICTURED).find((one) => PICTURED[one] === role);
  if (kind) return `.pictures [data-picture="${kind}"]`;
  return traced ? '.traces' : line;
}

export function provideLink(): Link {
  return setContext(KEY, new Link());
}

/** The page's link; one of its own where nothing is linked, as in a past scan. */
export function useLink(): Link {
  return getContext<Link | undefined>(KEY) ?? new Link();
}
