/** Keeps what did not change the same object, so that nothing that shows it is worked out again. */

/**
 * What came now, in which each part that equals the one before is the one before.
 *
 * For what was parsed just now and nobody else holds: it is changed in place.
 */
export function shared<T>(before: unknown, now: T): T {
  if (before === now || typeof before !== 'object' || typeof now !== 'object' || before === null || now === null) return now;
  if (Array.isArray(before) !== Array.isArray(now)) return now;
  const [old, fresh] = [before as Record<string, unknown>, now as Record<string, unknown>];
  const keys = Object.keys(fresh);
  let same = keys.length === Object.keys(old).length;
  for (const key of keys) {
    fresh[key] = shared(old[key], fresh[key]);
    if (fresh[key] !== old[key] || !(key in old)) same = false;
  }
  return same ? (before as T) : now;
}
