/** The tokens of tokens.css as the page itself has them, for the page that shows them. */

export type Kind = 'colour' | 'text' | 'space' | 'other';

export interface Token {
  name: string;
  kind: Kind;
}

/** What a token is for, by its name and what it is set to. */
export function kindOf(name: string, value: string): Kind {
  if (/^(#|light-dark\(|rgb|hsl|oklch)/.test(value.trim())) return 'colour';
  if (name.startsWith('--text')) return 'text';
  if (name.startsWith('--space')) return 'space';
  return 'other';
}

/** Every token that the style sheets set on the root, in their order, each once. */
export function tokensOf(sheets: Iterable<Pick<CSSStyleSheet, 'cssRules'>>): Token[] {
  const found = new Map<string, Token>();
  for (const { cssRules } of sheets) {
    for (const rule of cssRules) {
      if (!('selectorText' in rule) || rule.selectorText !== ':root') continue;
      const { style } = rule as CSSStyleRule;
      for (const name of style) {
        if (name.startsWith('--')) found.set(name, { name, kind: kindOf(name, style.getPropertyValue(name)) });
      }
    }
  }
  return [...found.values()];
}

/** The pairs that are read on one another: ink on ground, a state's ink on its wash, an advice's on its fill. */
export function pairsOf(tokens: readonly Token[]): { ink: string; ground: string }[] {
  const names = new Set(tokens.map(({ name }) => name));
  const pairs = ['--ink', '--ink-quiet'].flatMap((ink) => ['--ground', '--panel', '--raised'].map((ground) => ({ ink, ground })));
  for (const name of names) {
    if (names.has(`${name}-wash`)) pairs.push({ ink: name, ground: `${name}-wash` }, { ink: name, ground: '--panel' });
    if (names.has(`${name}-ink`)) pairs.push({ ink: `${name}-ink`, ground: name });
  }
  return pairs.filter(({ ink, ground }) => names.has(ink) && names.has(ground));
}

/**
 * Contrast of two colours, 1 to 21.
 *
 * Each is what a browser computes: `rgb(r, g, b)`, 0 to 255. WCAG 2.2, "contrast ratio" and "relative luminance".
 */
export function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
