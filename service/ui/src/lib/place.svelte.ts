/** Where on the page somebody is, as the address says after `#/`: the browser's back, forward and bookmarks work. */

/** A page's name, what of it (a scan's id), and what was asked for there. */
export interface Place {
  page: string;
  rest: string;
  query: Readonly<Record<string, string>>;
}

/**
 * Read an address's fragment: `#/scan/01J…?at=12` is scan 01J… at 12; anything else is the lane.
 */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.startsWith('#/') ? hash.slice(2).split('?', 2) : ['', ''];
  const [page = '', ...rest] = path.split('/').map(decoded);
  return { page: page || 'lane', rest: rest.join('/'), query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The fragment of a place: what `placeOf` reads. */
export function addressOf(page: string, rest = '', query: Readonly<Record<string, string>> = {}): string {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return `#/${page === 'lane' ? '' : page}${rest ? `/${encodeURIComponent(rest)}` : ''}${asked ? `?${asked}` : ''}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

let current = $state.raw<Place>(placeOf(globalThis.location?.hash ?? ''));
globalThis.addEventListener?.('hashchange', () => (current = placeOf(location.hash)));

/** Where the page is now. */
export function place(): Place {
  return current;
}

/** Go there; `replace` leaves no step in the browser's history, for what changes as somebody types. */
export function go(page: string, rest = '', query: Readonly<Record<string, string>> = {}, replace = false): void {
  const address = addressOf(page, rest, query);
  if (replace) {
    history.replaceState(null, '', address);
    current = placeOf(address);
  } else {
    location.hash = address;
  }
}
