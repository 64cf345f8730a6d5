/** What somebody typed and has not sent: kept in the browser's tab, so that no reload and no login loses it. */

const PREFIX = 'lorryscan.draft/';

type Value = string | boolean | string[] | Record<string, string>;
export type Typed = Record<string, Value>;

export interface Draft<T extends Typed> {
  typed: T;
  /** When it was typed, by this machine's clock. */
  at_ms: number;
  /** What stood there when it was begun: the draft is older than a change of that. */
  against: string;
}

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** Each person has drafts of their own: nobody signs what somebody else typed. */
function keyOf(who: string, what: string): string {
  return `${PREFIX}${who}/${what}`;
}

/** Keep it; a tab that may keep nothing goes on without. */
export function keep<T extends Typed>(who: string, what: string, draft: Draft<T>, store: Store = sessionStorage): void {
  try {
    store.setItem(keyOf(who, what), JSON.stringify(draft));
  } catch {
    // full, or switched off: what is typed still stands on the page
  }
}

/** What was kept, if it has the shape of `like`; null where there is none. */
export function kept<T extends Typed>(who: string, what: string, like: T, store: Store = sessionStorage): Draft<T> | null {
  try {
    const draft = JSON.parse(store.getItem(keyOf(who, what)) ?? 'null') as Draft<T> | null;
    if (draft === null || !Object.keys(like).every((name) => fits(draft.typed[name], like[name]!))) return null;
    return draft;
  } catch {
    return null;
  }
}

export function forget(who: string, what: string, store: Store = sessionStorage): void {
  try {
    store.removeItem(keyOf(who, what));
  } catch {
    // nothing is kept there
  }
}

function fits(value: unknown, like: Value): boolean {
  if (typeof like !== 'object') return typeof value === typeof like;
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== Array.isArray(like)) return false;
  const parts = Object.values(value);
  return parts.every((part) => typeof part === 'string') && (!Array.isArray(like) || parts.length === like.length);
}

/** Whether two hold the same. */
export function same(one: Typed, other: Typed): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
