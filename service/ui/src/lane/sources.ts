/** Where the curves and pictures behind a lane's methods come from. */
import type { LiveListener } from '../lib/stream.svelte';
import type { Device, Picture } from '../lib/types';
import type { PictureAddress } from '../images/address';

export interface Sources {
  lane: string;
  listen: (lane: string, listener: LiveListener) => () => void;
  devices: readonly Device[];
  pictures: readonly Picture[];
  address: PictureAddress;
  /** The scan shown; a picture of another is of another lorry. */
  scan_id: string;
  /** Go to where a sensor is shown in full. */
  go: (sensor: string) => void;
}
