/** What is handed over: the items as signed and as they are now. */
import type { HandoverItem } from '../lib/types';

export type Change = 'new' | 'changed' | '';

/** What became of an item since the outgoing officer signed; notes are hers and do not change. */
export function changeOf(item: HandoverItem, signed: readonly HandoverItem[]): Change {
  const before = signed.find((one) => one.id === item.id && one.kind === item.kind);
  if (!before) return 'new';
  return facts(before) === facts(item) ? '' : 'changed';
}

function facts({ state, level, owner, assigned_to, shelved_until_utc_ms }: HandoverItem): string {
  return JSON.stringify([state, level ?? null, owner, assigned_to, shelved_until_utc_ms ?? null]);
}

/** How many were open then and are not now. */
export function goneSince(present: readonly HandoverItem[], signed: readonly HandoverItem[]): number {
  return signed.filter((one) => !present.some((other) => other.id === one.id)).length;
}

/** What is shown in a line of its own: a scan whose alert stands there too, and of which nothing else is to be said, is not. */
export function lines(items: readonly HandoverItem[], signed: readonly HandoverItem[]): HandoverItem[] {
  const alerted = new Set(items.filter((item) => item.kind === 'alert').map((item) => item.scan_id));
  return items.filter((item) => item.kind === 'alert' || !alerted.has(item.scan_id) || item.note !== '' || changeOf(item, signed) !== '');
}

/** The notes that were written, of what is still open; an empty one says nothing. */
export function notesOf(notes: Readonly<Record<string, string>>, open: readonly { id: string }[]): Record<string, string> {
  const written = open.map(({ id }) => [id, notes[id]?.trim() ?? ''] as const);
  return Object.fromEntries(written.filter(([, note]) => note !== ''));
}

/** A note with what is to stand in it as well; what stands there already is not written twice. */
export function withLines(note: string, lines: readonly string[]): string {
  const missing = lines.filter((line) => !note.split('\n').includes(line));
  return [note.trimEnd(), ...missing].filter(Boolean).join('\n');
}
