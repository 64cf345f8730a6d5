/** Risk profiles that a lane's policy names. */
import type { Live, VehicleClass } from './types';

/** What the lane offers for a class, in its policy's order. */
export function offeredProfiles(profiles: Live['profiles'], vehicle: VehicleClass): readonly string[] {
  return profiles[vehicle] ?? [];
}

/** The profile whose share was assumed; "" where that of the class was: none is declared, or one that the lane does not name. */
export function assumedProfile(live: Live | null): string {
  const declared = live?.declaration;
  if (!live || !declared) return '';
  return offeredProfiles(live.profiles, declared.vehicle_class).includes(declared.profile) ? declared.profile : '';
}
