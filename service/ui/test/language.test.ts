/** French is fetched when it is spoken: what the page does while it comes, and when it does not. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

type I18n = typeof import('../src/i18n/index.svelte');
const FRENCH = '../src/i18n/french';
const REMEMBERED = 'lorryscan.language';
let stored: Map<string, string>;

/** The page's words as after a load, with a French part that `arrives` or not. */
async function loaded(arrives: () => Promise<unknown>): Promise<I18n> {
  vi.resetModules();
  vi.doMock(FRENCH, async () => {
    await arrives();
    return { french: { language_stay: 'Rester en anglais' } };
  });
  return import('../src/i18n/index.svelte');
}

beforeEach(() => {
  stored = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, value: string) => stored.set(name, value),
  });
});

afterEach(() => {
  vi.doUnmock(FRENCH);
  vi.unstubAllGlobals();
});

it('the page stays in its language while the other one comes, and is remembered when it came', async () => {
  let arrive = (): void => undefined;
  const arrival = new Promise<void>((come) => (arrive = come));
  const i18n = await loaded(() => arrival);
  const spoken = i18n.speak('fr');
  await vi.waitFor(() => expect(i18n.awaited()).toEqual({ language: 'fr', failed: false }));
  expect(i18n.t('language_stay')).toBe('Stay in English');
  expect(stored.get(REMEMBERED)).toBeUndefined();
  arrive();
  await spoken;
  expect(i18n.t('language_stay')).toBe('Rester en anglais');
  expect([i18n.awaited(), stored.get(REMEMBERED)]).toEqual([null, 'fr']);
});

it('words that did not come are told, the language stays, and the next try may bring them', async () => {
  let away = true;
  const i18n = await loaded(() => (away ? Promise.reject(new Error('away')) : Promise.resolve()));
  await i18n.speak('fr');
  expect(i18n.awaited()).toEqual({ language: 'fr', failed: true });
  expect([i18n.language(), stored.get(REMEMBERED)]).toEqual(['en', undefined]);
  away = false;
  await i18n.speak('fr');
  expect([i18n.language(), i18n.awaited()]).toEqual(['fr', null]);
});

it('who goes back to English meanwhile is not overtaken by French', async () => {
  let arrive = (): void => undefined;
  const arrival = new Promise<void>((come) => (arrive = come));
  const i18n = await loaded(() => arrival);
  const spoken = i18n.speak('fr');
  await i18n.speak('en');
  arrive();
  await spoken;
  expect(await i18n.learn()).toBe(true);
  expect([i18n.language(), i18n.awaited()]).toEqual(['en', null]);
});

it('once fetched, switching takes no turn of the clock', async () => {
  const i18n = await loaded(() => Promise.resolve());
  await i18n.learn();
  void i18n.speak('fr');
  expect(i18n.t('language_stay')).toBe('Rester en anglais');
});

it('a French that is remembered is fetched before anything is drawn', async () => {
  stored.set(REMEMBERED, 'fr');
  const i18n = await loaded(() => Promise.resolve());
  expect(i18n.language()).toBe('en');
  await i18n.speakRemembered();
  expect(i18n.language()).toBe('fr');
});
