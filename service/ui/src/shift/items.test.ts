/** What is handed over is what is open, and what changed since is marked. */
import { expect, it } from 'vitest';
import type { HandoverItem } from '../lib/types';
import { changeOf, goneSince, lines, notesOf, withLines } from './items';

const item = (id: string, more: Partial<HandoverItem> = {}): HandoverItem => ({
  kind: 'alert', id, scan_id: `scan-${id}`, lane_id: 'north', state: 'raised', level: 'search', owner: '', assigned_to: '',
  shelved_until_utc_ms: null, note: '', ...more,
});

it('an item is new, changed, or as it was', () => {
  const signed = [item('a'), item('b')];
  expect(changeOf(item('a'), signed)).toBe('');
  expect(changeOf(item('b', { state: 'acknowledged', owner: 'anna' }), signed)).toBe('changed');
  expect(changeOf(item('c'), signed)).toBe('new');
});

it('what is no longer open is counted', () => {
  expect(goneSince([item('a')], [item('a'), item('b')])).toBe(1);
});

it('a scan with an alert has no line of its own unless something is to be said of it', () => {
  const scan = item('s', { kind: 'scan', scan_id: 'scan-a', state: 'open', level: null });
  const alone = item('t', { kind: 'scan', scan_id: 'scan-t', state: 'open', level: null });
  expect(lines([item('a'), scan, alone], [item('a'), scan, alone])).toEqual([item('a'), alone]);
  expect(lines([item('a'), { ...scan, note: 'back at six' }], [item('a'), scan])).toHaveLength(2);
  expect(lines([item('a'), scan], [item('a')])).toHaveLength(2);
});

it('only notes that say something, of what is open, are sent', () => {
  expect(notesOf({ a: ' dog at the doors ', b: '  ', gone: 'late' }, [item('a'), item('b')])).toEqual({ a: 'dog at the doors' });
});

it('lines are added to a note once', () => {
  const once = withLines('Ferry late', ['north: disk full']);
  expect(once).toBe('Ferry late\nnorth: disk full');
  expect(withLines(once, ['north: disk full', 'south: link lost'])).toBe('Ferry late\nnorth: disk full\nsouth: link lost');
  expect(withLines('', ['x'])).toBe('x');
});
