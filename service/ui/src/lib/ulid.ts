/** Keys that the page makes for its commands: ULIDs, so that asking again does nothing twice. */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new ULID: 48 bits of time, 80 of chance. */
export function ulid(now_ms: number = Date.now()): string {
  let time = '';
  for (let place = 0, left = now_ms; place < 10; place += 1) {
    time = ALPHABET[left % 32] + time;
    left = Math.floor(left / 32);
  }
  const chance = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return time + Array.from(chance, (byte) => ALPHABET[byte % 32]).join('');
}
