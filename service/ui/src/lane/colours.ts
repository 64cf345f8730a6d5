/** Colour maps for pictures: grey values become colours that read as "more" in even steps. */

/** 256 colours, red green blue one after the other. */
export type ColourMap = Uint8ClampedArray;

/** Black over violet and orange to pale yellow: lightness rises evenly, also for the colour-blind (a heated body). */
const THERMAL_STOPS: readonly (readonly [number, number, number])[] = [
  [4, 4, 20],
  [38, 12, 78],
  [88, 18, 112],
  [138, 30, 106],
  [188, 48, 80],
  [226, 84, 46],
  [246, 136, 22],
  [250, 194, 58],
  [252, 252, 200],
];

/** Map each grey value along the stops. */
function along(stops: readonly (readonly [number, number, number])[]): ColourMap {
  const map = new Uint8ClampedArray(256 * 3);
  for (let grey = 0; grey < 256; grey += 1) {
    const position = (grey / 255) * (stops.length - 1);
    const index = Math.min(Math.floor(position), stops.length - 2);
    const share = position - index;
    for (let channel = 0; channel < 3; channel += 1) {
      const from = stops[index]![channel]!;
      const to = stops[index + 1]![channel]!;
      map[grey * 3 + channel] = Math.round(from + share * (to - from));
    }
  }
  return map;
}

/** Warmth. */
export const THERMAL: ColourMap = along(THERMAL_STOPS);

/** What part of the grey values is shown, and whether it is turned over; `level` and `width` are shares in 0..1. */
export interface Window {
  level: number;
  width: number;
  inverted: boolean;
}

export const WHOLE: Window = { level: 0.5, width: 1, inverted: false };

/** Greys stretched over a window of the values: what lies outside is black or white. */
export function greyMap(window: Window): ColourMap {
  const map = new Uint8ClampedArray(256 * 3);
  const low = window.level - window.width / 2;
  for (let grey = 0; grey < 256; grey += 1) {
    const share = Math.min(Math.max((grey / 255 - low) / Math.max(window.width, 1e-3), 0), 1);
    map.fill(Math.round(255 * (window.inverted ? 1 - share : share)), grey * 3, grey * 3 + 3);
  }
  return map;
}

/** Colour a grey picture (one byte a pixel): returns RGBA, opaque. */
export function coloured(grey: Uint8ClampedArray, map: ColourMap): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(grey.length * 4);
  for (let i = 0; i < grey.length; i += 1) {
    const from = grey[i]! * 3;
    rgba[4 * i] = map[from]!;
    rgba[4 * i + 1] = map[from + 1]!;
    rgba[4 * i + 2] = map[from + 2]!;
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}

/** Heat over a picture: one colour that grows denser with the value; below a tenth nothing is drawn. */
export function heatLayer(
  heat: Uint8ClampedArray,
  [red, green, blue]: readonly [number, number, number],
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(heat.length * 4);
  for (let i = 0; i < heat.length; i += 1) {
    const share = heat[i]! / 255;
    rgba.set([red, green, blue, share < 0.1 ? 0 : Math.round(190 * share)], 4 * i);
  }
  return rgba;
}

/** Take the grey values out of RGBA pixels; grey pictures have them in each channel. */
export function greyOf(rgba: Uint8ClampedArray): Uint8ClampedArray {
  const grey = new Uint8ClampedArray(rgba.length / 4);
  for (let i = 0; i < grey.length; i += 1) grey[i] = rgba[4 * i]!;
  return grey;
}
