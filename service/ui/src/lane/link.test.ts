/** Channels by what they look at, and where a sensor is shown in full. */
import { expect, it } from 'vitest';
import { Channels } from './channels.svelte';
import { placeOf } from './link.svelte';

const trace = (channel: string, role: string, unit = 'µm/s') => ({ sensor: 'geophones', channel, role, unit });

it('tells the channels of the chassis from the ground reference on the same board', () => {
  const channels = new Channels();
  channels.take([trace('c2', 'chassis'), trace('c10', 'chassis'), trace('g1', 'ground')], 'a');
  channels.take([trace('c1', 'chassis')], 'a');
  expect(channels.names('geophones', 'chassis')).toEqual(['c1', 'c2', 'c10']);
  expect(channels.names('geophones', 'ground')).toEqual(['g1']);
});

it('forgets them with another process of the lane, and invents none', () => {
  const channels = new Channels();
  channels.take([trace('c1', 'chassis')], 'a');
  channels.take([trace('temperature_c', '', '°C')], 'b');
  expect(channels.names('geophones', 'chassis')).toEqual([]);
});

it('leads to the picture of an imager, the curve of the rest, and the line of what fails', () => {
  const place = (role: string, fails = false, traced = true) => placeOf({ name: 'x', role }, fails, traced);
  expect(place('portal')).toContain('data-picture="xray"');
  expect(place('doors')).toContain('data-picture="thermal"');
  expect(place('chassis')).toBe('.traces');
  expect(place('inside', true)).toBe('[data-device="x"]');
  expect(place('generator', false, false)).toBe('[data-device="x"]');
});
