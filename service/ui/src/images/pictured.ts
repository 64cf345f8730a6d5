/** A picture with all that is shown of it, and the words for it. */
import { number, t } from '../i18n/index.svelte';
import type { Box, Evidence, Picture } from '../lib/types';
import type { PictureAddress } from './address';

/** A picture, where it lies, and what was found in it. */
export interface Pictured {
  readonly picture: Picture;
  readonly evidence: Evidence | null;
  readonly address: PictureAddress;
  /** When it was taken, and of which scan. */
  readonly caption: string;
  /** Of another lorry than the one that is decided on. */
  readonly foreign: boolean;
}

/** A picture that can be put beside another; one of a past scan is fetched when it is chosen. */
export interface Other {
  readonly key: string;
  /** Under which heading it is chosen. */
  readonly group: string;
  readonly label: string;
  readonly pictured: Pictured | (() => Promise<Pictured>);
}

/** Why a picture says nothing although it was scored: then its overlays show where. */
const BLIND = ['xray_not_penetrated', 'xray_could_hide', 'xray_lorry_cut', 'xray_saturated', 'xray_dead_pixels'];

/** Boxes of another lorry's evidence are not this picture's. */
export function boxesOf({ picture, evidence, foreign }: Pictured): Box[] {
  if (foreign || !evidence) return [];
  return evidence.boxes.filter((box) => box.sensor === picture.sensor).sort((a, b) => b.score - a.score);
}

export function isBlind({ evidence }: Pictured): boolean {
  return BLIND.includes(evidence?.reason?.code ?? '');
}

export function named({ kind, sensor }: Pick<Picture, 'kind' | 'sensor'>): string {
  return t(kind === 'xray' ? 'picture_xray' : 'picture_thermal', { sensor });
}

export function unitOf({ kind, unit }: Picture): string {
  return unit || (kind === 'xray' ? t('picture_attenuation') : '');
}

/** A value of a picture; what rounds to zero has no sign. */
export function valueWords(value: number, { kind, unit }: Picture): string {
  const digits = unit === 'counts' ? 0 : kind === 'xray' ? 2 : 1;
  const power = 10 ** digits;
  return number(Math.round(value * power) / power || 0, digits).replace('-', '−');
}

/** What stands at a box. */
export function scoreWords(box: Box): string {
  if (box.marks === 'hot_spot') return t('picture_warmer', { k: number(Math.round(box.score * 10) / 10, 1) });
  if (box.marks === 'blind') return t('picture_hides');
  return number(Math.floor(box.score * 100) / 100, 2); // rounded down: 0.999 is no certainty
}

/** All that a picture shows, for those who do not see it. */
export function spokenOf(of: Pictured): string {
  const { picture, caption } = of;
  const boxes = boxesOf(of);
  const [low, high] = [valueWords(picture.low, picture), valueWords(picture.high, picture)];
  return [
    named(picture),
    caption,
    t('picture_range', { low, high, unit: unitOf(picture) }),
    boxes.length ? t('picture_boxes_n', { n: boxes.length }) : t('picture_boxes_none'),
    ...boxes.map((box, i) => {
      const { width, height, x, y } = box;
      return t('picture_box', { n: i + 1, score: scoreWords(box), width, height, x, y });
    }),
  ].join('. ');
}
