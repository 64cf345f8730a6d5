/** Where pictures lie, and which version came from there. */

/** Gives the address of a sensor's picture, or of the heat map that goes with it. */
export type PictureAddress = (sensor: string, heat: boolean, version: number) => string;

/** Where the service has a lane's pictures; the version makes a new picture a new address. */
export function servedPictures(lane: string): PictureAddress {
  const folder = `/api/v1/lanes/${encodeURIComponent(lane)}/pictures`;
  return (sensor, heat, version) => `${folder}/${encodeURIComponent(sensor)}${heat ? '/heat' : ''}?version=${version}`;
}

/** The version that an answer's ETag begins with; null where it has none. */
export function versionOf(etag: string | null): number | null {
  const found = /^(?:W\/)?"(\d+)-/.exec(etag ?? '');
  return found ? Number(found[1]) : null;
}
