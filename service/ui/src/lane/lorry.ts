/**
 * Where things stand on the drawing of a lorry: cab first, to the left, about 53 units a metre. Sensors are drawn
 * where their role has them, since nobody tells the page where exactly they sit.
 */
import type { Box, VehicleClass } from '../lib/types';

export const WIDTH = 1000;
export const HEIGHT = 276;
export const GROUND = 244;

export interface Point {
  x: number;
  y: number;
}

export interface Area extends Point {
  width: number;
  height: number;
}

/** The load space as it is drawn. */
export const LOAD_SPACE: Record<'box' | 'tank', Area> = {
  box: { x: 222, y: 42, width: 700, height: 136 },
  tank: { x: 240, y: 66, width: 676, height: 112 },
};

export type Shape = keyof typeof LOAD_SPACE;

export function shapeOf(vehicle: VehicleClass | undefined): Shape {
  return vehicle === 'tanker' ? 'tank' : 'box';
}

/** Places round the lorry that have sensors, from the cab to the doors; what is said of them stands above or below. */
const PLACES = [
  { place: 'outside', roles: ['outside'], above: true },
  { place: 'air', roles: ['air'], above: true },
  { place: 'portal', roles: ['portal', 'generator'], above: true },
  { place: 'inside', roles: ['inside'], above: true },
  { place: 'doors', roles: ['doors'], above: true },
  { place: 'chassis', roles: ['chassis'], above: false },
  { place: 'ground', roles: ['ground'], above: false },
] as const;

export type PlaceName = (typeof PLACES)[number]['place'] | 'lane';

/** Where each place's mark is; the chassis has one mark a channel. */
const MARK: Record<Exclude<PlaceName, 'lane' | 'inside'>, Point> = {
  outside: { x: 26, y: 100 },
  air: { x: 120, y: 40 },
  portal: { x: 400, y: 24 },
  doors: { x: 972, y: 84 },
  chassis: { x: 480, y: 188 },
  ground: { x: 600, y: 258 },
};
const PROBE_IN: Point = { x: 858, y: 116 };
const PROBE_OUT: Point = { x: 946, y: 146 };

export function markOf(place: PlaceName, probe_in: boolean): Point | null {
  if (place === 'lane') return null;
  if (place === 'inside') return probe_in ? PROBE_IN : PROBE_OUT;
  return MARK[place];
}

export interface Placed<D> {
  place: PlaceName;
  devices: D[];
}

/** Devices by place, those above the lorry and those below; what belongs nowhere on it stands last, below. */
export function placed<D extends { role: string }>(devices: readonly D[]): { above: Placed<D>[]; below: Placed<D>[] } {
  const known = PLACES.map(({ place, roles, above }) => ({
    place,
    above,
    devices: devices.filter(({ role }) => (roles as readonly string[]).includes(role)),
  })).filter((one) => one.devices.length > 0);
  const rest = devices.filter(({ role }) => !PLACES.some(({ roles }) => (roles as readonly string[]).includes(role)));
  const below: Placed<D>[] = known.filter((one) => !one.above);
  if (rest.length) below.push({ place: 'lane', devices: rest });
  return { above: known.filter((one) => one.above), below };
}

/** Middle of the column that the words of a place have. */
export function columnOf(i: number, of: number): number {
  return ((i + 0.5) / of) * WIDTH;
}

/** The line from a place's words to its mark: along the edge, then straight to it. */
export function leader(from_x: number, to: Point, above: boolean): string {
  const edge = above ? 0 : HEIGHT;
  const bend = above ? 9 : HEIGHT - 8;
  return `M${from_x} ${edge}V${bend}H${to.x}V${to.y}`;
}

/** Marks along the chassis, one a channel, evenly and in the order given. */
export function alongChassis(channels: readonly string[]): { name: string; at: Point }[] {
  const [from, to] = [250, 880];
  return channels.map((name, i) => ({
    name,
    at: { x: Math.round(from + ((i + 0.5) * (to - from)) / channels.length), y: MARK.chassis.y },
  }));
}

/** Of the load space, as the X-ray method takes it: metres behind the front, before the rear, and above the road. */
const SPACE_M: Record<Shape, { front: number; rear: number; floor: number; roof: number }> = {
  box: { front: 2.95, rear: 0.1, floor: 1.25, roof: 3.95 },
  tank: { front: 3.4, rear: 0.15, floor: 1.2, roof: 3.75 },
};
/** Height that the top of an X-ray picture looks at, unless a certificate says otherwise. */
const TOP_M = 4.5;
const LEAST = 12;

export interface Passage {
  /** First and last column of the picture with something in the beam. */
  first: number;
  last: number;
  /** Height of the picture in pixels. */
  height: number;
  /** Length of what passed, as the method measured it. */
  vehicle_m: number;
}

/**
 * A region of the X-ray picture on the drawing: roughly, cab first, within the load space; null where the
 * picture does not say where the lorry begins and ends.
 */
export function onLorry(box: Pick<Box, 'x' | 'y' | 'width' | 'height'>, passage: Passage, shape: Shape): Area | null {
  const { first, last, height, vehicle_m } = passage;
  const { front, rear, floor, roof } = SPACE_M[shape];
  const long_m = vehicle_m - front - rear;
  if (last <= first || height <= 0 || !(long_m > 0)) return null;
  const space = LOAD_SPACE[shape];
  const along = (column: number): number => {
    const m = ((column - first) / (last - first)) * vehicle_m - front;
    return space.x + clamp(m / long_m) * space.width;
  };
  const up = (row: number): number => {
    const m = TOP_M * (1 - row / height);
    return space.y + clamp((roof - m) / (roof - floor)) * space.height;
  };
  const [x0, x1] = [along(box.x), along(box.x + box.width)];
  const [y0, y1] = [up(box.y), up(box.y + box.height)];
  const [width, tall] = [Math.max(x1 - x0, LEAST), Math.max(y1 - y0, LEAST)];
  return {
    x: Math.min(x0, space.x + space.width - width),
    y: Math.min(y0, space.y + space.height - tall),
    width,
    height: tall,
  };
}

function clamp(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}

const IN_BEAM = 0.25; // log-attenuation
const IN_BEAM_PIXELS = 3;

/** First and last column of a grey picture with something in the beam; null = nothing stands in it. */
export function extentOf(
  { width, height, grey }: { width: number; height: number; grey: Uint8ClampedArray },
  low: number,
  high: number,
): [number, number] | null {
  const least = (255 * (IN_BEAM - low)) / (high - low || 1);
  const seen = (x: number): boolean => {
    let n = 0;
    for (let y = 0; y < height; y += 1) if (grey[y * width + x]! > least && (n += 1) >= IN_BEAM_PIXELS) return true;
    return false;
  };
  let first = 0;
  let last = width - 1;
  while (first < width && !seen(first)) first += 1;
  while (last > first && !seen(last)) last -= 1;
  return first < last ? [first, last] : null;
}
