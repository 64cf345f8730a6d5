/** Colours stand in the tokens: a literal anywhere else would be the same by day and by night. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const source = new URL('../', import.meta.url);
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => /\.(svelte|ts|css)$/.test(path));
const text = (path: string): string => readFileSync(new URL(path, source), 'utf8');

/** The files that may: the tokens, and the palettes of pictures, whose colours stand for measured values. */
const OWN = ['design/tokens.css', 'images/colours.ts'];
/** No part of the page: tests, what they are fed with, and what is made from the service. */
const ASIDE = /\.test\.ts$|(^|\/)fixtures\/|^lib\/schema\.ts$/;

const NAMES =
  '(?:aqua|beige|black|blue|brown|coral|crimson|cyan|fuchsia|gold|gray|green|grey|indigo|ivory|lime|magenta|maroon|navy|' +
  'olive|orange|orchid|pink|purple|red|salmon|silver|teal|tomato|turquoise|violet|wheat|white|yellow)(?![\\w-])';
const PAINTED = '(?:fill|stroke|colou?r|background|border|outline|shadow)[\\w-]*["\']?';
const LITERALS = [
  /#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})\b(?!\s*\()/gi,
  /\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(\s*[\d.]/gi,
  new RegExp(`^\\s*[a-z-]+:[^;{}'"]*(?<![\\w-])${NAMES}[^;{}'"]*;$`, 'gim'), // in a style
  new RegExp(`\\b${PAINTED}\\s*[:=]\\s*["'\`][^"'\`\\n]*(?<![\\w-])${NAMES}`, 'gi'), // in a script or an attribute
];

function literals(code: string): string[] {
  const bare = code.replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|(?<=^|\s)\/\/.*/gm, '');
  return LITERALS.flatMap((one) => [...bare.matchAll(one)].map(([found]) => found.trim()));
}

it.each(['color: #fff;', "style.color = 'red'", 'background: rgb(0 0 0 / 20%);', 'border: 1px solid white;', 'fill="black"', 'outline: hsl(1 2% 3%)'])(
  'finds %s',
  (code) => expect(literals(code)).not.toEqual([]),
);

it.each(['color: var(--ink);', '{#if red}', "href('#/alerts')", '`rgba(${red}, 0, 0)`', 'color: var(--white);', "t('colour', { n })", 'this.#add(one)', '/* #fff */'])(
  'does not take %s for one',
  (code) => expect(literals(code)).toEqual([]),
);

it('no part of the booth has a colour of its own', () => {
  const parts = files.filter((path) => !ASIDE.test(path) && !OWN.includes(path));
  expect(parts.length).toBeGreaterThan(200);
  expect(parts.flatMap((path) => literals(text(path)).map((found) => `${path}: ${found}`))).toEqual([]);
});

it('what may have colours has some', () => {
  expect(OWN.filter((path) => literals(text(path)).length === 0)).toEqual([]);
});
