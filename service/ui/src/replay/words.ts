/** Texts of a past scan, and what happened in words. */
import { inLanguage, maybe, texts } from '../i18n/index.svelte';
import type { IconName } from '../design/icons';
import type { TimelineEvent } from '../lib/types';
import type { Refusal } from '../lib/ask';
import { adviceWord } from '../scans/words';
import { replayEn } from './words.en';

export const w = texts(replayEn);

/** What happened, in few words. */
export function happened(event: TimelineEvent): string {
  const { kind, sensor, by, command } = event;
  switch (kind) {
    case 'fault':
    case 'recovered':
      return w(`replay_${kind}`, { sensor });
    case 'recommendation': {
      const word = event.recommendation ? adviceWord(event.recommendation) : '';
      return w(event.final ? 'replay_final' : 'replay_recommendation', { word });
    }
    case 'command': {
      const key = `replay_command_${command}`;
      const who = by || '–';
      return key in replayEn ? w(key as 'replay_command_end', { by: who }) : w('replay_command', { name: command, by: who });
    }
    default:
      return w(`replay_${kind}`);
  }
}

/** What a fault lost, "" where nothing more is to be said. */
export function further(event: TimelineEvent): string {
  return inLanguage(event.text) ?? '';
}

const ICONS: Record<TimelineEvent['kind'], IconName> = {
  probe_in: 'probe-in',
  probe_out: 'probe-out',
  doors_opened: 'open',
  doors_closed: 'close',
  command: 'person',
  fault: 'lost',
  recovered: 'ready',
  recommendation: 'inconclusive',
  scan_end: 'closed',
};

export function iconOf(event: TimelineEvent): IconName {
  return event.recommendation ?? ICONS[event.kind];
}

/** Why there is no recording to play. */
export function whyNot({ code, detail }: Refusal): string | null {
  switch (code) {
    case 'recording_absent':
    case 'recording_erased':
    case 'recording_too_new':
    case 'recording_unreachable':
      return w(`replay_none_${code.slice('recording_'.length) as 'absent'}`);
    case 'scan_running':
      return w('replay_none_running');
    case 'recording_damaged':
    case 'recording_changed':
    case 'recording_foreign':
    case 'recording_too_large':
    case 'replay_too_long':
    case 'replay_failed':
      return w('replay_none_damaged', { detail });
    default:
      return null;
  }
}

/** Where a sensor looks, else its name. */
export function sensorWord(name: string, role: string | undefined): string {
  return (role && maybe(`role_${role}`)) || name;
}

