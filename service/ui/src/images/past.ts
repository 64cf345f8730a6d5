/** Pictures of other scans, from their recordings, to be put beside one. */
import { t, when } from '../i18n/index.svelte';
import { ask, Refusal } from '../lib/ask';
import type { Picture, Scan } from '../lib/types';
import type { PictureAddress } from './address';
import type { Other, Pictured } from './pictured';

/** What the replay of a scan says of its pictures. */
interface Recorded {
  visits: { pictures: { picture: Picture }[] }[];
}

const MOST = 30;
const AGAIN_MS = 1000;
const WITHIN_MS = 60_000;

/** The newest scans but one, each with its newest picture of a kind. */
export function pastOthers(scans: readonly Scan[], but: string, kind: Picture['kind']): Other[] {
  const group = t('image_past');
  return scans
    .filter((scan) => scan.id !== but && !scan.in_visit)
    .sort((a, b) => b.opened_utc_ms - a.opened_utc_ms)
    .slice(0, MOST)
    .map((scan) => ({ key: scan.id, group, label: labelOf(scan), pictured: () => picturedOf(scan, kind) }));
}

function labelOf(scan: Scan): string {
  return `${scan.declaration?.plate || t('unknown_plate')}, ${when(scan.opened_utc_ms)}`;
}

async function picturedOf(scan: Scan, kind: Picture['kind']): Promise<Pictured> {
  const folder = `/scans/${encodeURIComponent(scan.id)}/replay`;
  const { visits } = await recorded(folder);
  const all = visits.flatMap(({ pictures }) => pictures.map(({ picture }) => picture));
  const picture = all.findLast((one) => one.kind === kind);
  if (!picture) throw new Refusal('no_picture', 404);
  const address: PictureAddress = (sensor, _, version) =>
    `/api/v1${folder}/pictures/${encodeURIComponent(sensor)}?at=${version}`;
  const evidence = scan.assessment?.evidences.find(({ modality }) => modality === kind) ?? null;
  return { picture, evidence, address, caption: t('image_of_scan', { scan: labelOf(scan) }), foreign: false };
}

/** Ask until the service has read the recording. */
async function recorded(folder: string): Promise<Recorded> {
  for (const until = performance.now() + WITHIN_MS; ; ) {
    try {
      return await ask<Recorded>('GET', folder);
    } catch (error) {
      const preparing = error instanceof Refusal && error.code === 'replay_preparing';
      if (!preparing || performance.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
