/** Which cargo goes in which vehicle. */
import type { Cargo, VehicleClass } from './types';

export const VEHICLES: readonly VehicleClass[] = ['reefer', 'tanker'];

export const CARGO_OF: Readonly<Record<VehicleClass, readonly Cargo[]>> = {
  reefer: ['boxed', 'frozen', 'produce', 'meat', 'dry_ice', 'empty'],
  tanker: ['liquid', 'inert', 'empty'],
};
