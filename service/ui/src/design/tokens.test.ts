import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { contrast, kindOf, pairsOf, tokensOf } from './tokens';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const root = css.slice(css.indexOf(':root {'), css.indexOf('\n}', css.indexOf(':root {')));
const values = new Map([...root.matchAll(/^\s*(--[\w-]+):\s*([^;]+);/gm)].map(([, name, value]) => [name!, value!]));
const tokens = [...values].map(([name, value]) => ({ name, kind: kindOf(name, value) }));

/** A token's colour as a browser computes it, by day or by night. */
function computed(name: string, night: boolean): string {
  const hex = values.get(name)!.match(/#[0-9a-f]{6}/gi)!;
  const shown = hex[hex.length === 2 && night ? 1 : 0]!;
  return `rgb(${[1, 3, 5].map((at) => parseInt(shown.slice(at, at + 2), 16)).join(', ')})`;
}

it.each([
  ['rgb(0, 0, 0)', 'rgb(255, 255, 255)', 21],
  ['rgb(119, 119, 119)', 'rgb(255, 255, 255)', 4.48], // the usual grey that just fails
  ['rgb(1, 2, 3)', 'rgb(1, 2, 3)', 1],
])('the contrast of %s and %s is %d', (one, other, expected) => {
  expect(contrast(one, other)).toBeCloseTo(expected, 2);
});

it('every text can be read on its ground, by day and by night', () => {
  const pairs = pairsOf(tokens);
  expect(pairs.length).toBeGreaterThan(15);
  const faint = pairs.flatMap(({ ink, ground }) =>
    [true, false]
      .map((night) => ({ ink, ground, night, ratio: contrast(computed(ink, night), computed(ground, night)) }))
      .filter(({ ratio }) => ratio < 4.5),
  );
  expect(faint).toEqual([]);
});

it('tokens are read from the rules of the root alone, each once', () => {
  const rule = (selectorText: string, set: Record<string, string>) => ({
    selectorText,
    style: Object.assign(Object.keys(set), { getPropertyValue: (name: string) => set[name] ?? '' }),
  });
  const rules = [rule(':root', { '--ink': '#000', color: 'red' }), rule('a', { '--no': '1' }), rule(':root', { '--ink': '#111', '--space-1': '1px' })];
  const sheets = [{ cssRules: rules as unknown as CSSRuleList }];
  expect(tokensOf(sheets)).toEqual([
    { name: '--ink', kind: 'colour' },
    { name: '--space-1', kind: 'space' },
  ]);
});
