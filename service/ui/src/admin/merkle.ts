/** Whether a later audit log goes on an earlier one: checked here, so that nobody has to believe the service. */
export interface Checkpoint {
  size: number;
  root: Uint8Array;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Read a checkpoint's note: origin, size, root in base64, one a line. */
export function checkpointOf(note: string): Checkpoint {
  const [, size = '', root = ''] = note.split('\n');
  if (!/^\d+$/.test(size)) throw new SyntaxError('this is no checkpoint');
  return { size: Number(size), root: Uint8Array.from(atob(root), (letter) => letter.charCodeAt(0)) };
}

export function bytesOf(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16));
}

async function node(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  const both = Uint8Array.from([1, ...left, ...right]);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', both));
}

const same = (one: Uint8Array, other: Uint8Array): boolean => String(one) === String(other);

/** RFC 9162, 2.1.4.2: whether the path leads from the root of the first entries to that of all. */
export async function consistent(before: Checkpoint, now: Checkpoint, path: readonly Uint8Array[]): Promise<boolean> {
  const first = before.size;
  if (first === now.size) return path.length === 0 && same(before.root, now.root);
  if (first < 1 || first > now.size || path.length === 0) return false;
  const whole = Number.isInteger(Math.log2(first));
  const [begin, ...rest] = whole ? [before.root, ...path] : path;
  let [at, last] = [first - 1, now.size - 1];
  const up = (): void => {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  };
  while (at % 2) up();
  let [old, all] = [begin!, begin!];
  for (const each of rest) {
    if (last === 0) return false;
    if (at % 2 || at === last) {
      [old, all] = await Promise.all([node(each, old), node(each, all)]);
      while (at % 2 === 0 && at) up();
    } else all = await node(all, each);
    up();
  }
  return last === 0 && same(old, before.root) && same(all, now.root);
}
