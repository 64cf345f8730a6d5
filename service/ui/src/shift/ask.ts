/** What the shift's page asks of the service. */
import { ask, asQuery, insist } from '../lib/ask';
import type { AlarmRates, Handover, HandoverRequest, Queue, SessionInfo, SoundCheck, Vehicle } from '../lib/types';

const id = encodeURIComponent;
export const HANDOVERS = 10;

export const shiftApi = {
  handovers: (before = '') => ask<Handover[]>('GET', `/handovers${asQuery({ before, limit: HANDOVERS })}`),
  handover: (handover: string) => ask<Handover>('GET', `/handovers/${id(handover)}`),
  // not asked twice: each one that arrives replaces the one before it
  begin: (asked: HandoverRequest) => ask<Handover>('POST', '/handovers', asked),
  sign: (handover: string, digest: string) => insist<Handover>('POST', `/handovers/${id(handover)}/sign`, { digest }),
  queues: () => ask<Queue[]>('GET', '/queues'),
  drop: (vehicle: string) => insist<Vehicle>('DELETE', `/vehicles/${id(vehicle)}`),
  sessions: () => ask<SessionInfo[]>('GET', '/me/sessions'),
  endSession: (session: string) => ask<void>('DELETE', `/me/sessions/${id(session)}`),
  endSessions: () => insist<void>('DELETE', '/me/sessions'),
  soundCheck: (heard: boolean) => ask<SoundCheck>('PUT', '/me/sound-check', { heard }),
  /** The service's time of day, from the smallest answer that has it. */
  serviceTime: async () => (await ask<AlarmRates>('GET', '/alarm-rates')).utc_ms,
};
