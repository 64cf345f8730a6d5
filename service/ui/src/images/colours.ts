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

/** Matter. */
export const GREY: ColourMap = along([
  [0, 0, 0],
  [255, 255, 255],
]);

/** What is drawn over pictures, which are dark and bright in either theme of the page. */
export const OVER = { light: '#fff', dark: '#000', ruler: '#5cff7a' } as const;

/** Both colours of hatching, as pixels of a canvas: black, and a yellow that is in no picture. */
export const HATCH = [0xff000000, 0xff00d4ff] as const;

/** Heat maps over pictures of each kind: a colour that is not in them. */
export const HEAT = { thermal: [64, 255, 214], xray: [255, 60, 0] } as const;
