/** Questions and orders to the service that the frame and the lane need; other pages have their own beside them. */
import { ask, asQuery, insist } from './ask';
import type {
  Alert,
  AssignRequest,
  Assessment,
  Command,
  CommandRequest,
  LaneView,
  Me,
  Order,
  OutcomeRequest,
  PasswordChange,
  Scan,
  ShelveRequest,
  State,
  UnlockRequest,
} from './types';
import { ulid } from './ulid';

export { Refusal, TIME_LIMIT_MS } from './ask';

/** What stands in an address, safely. */
const id = encodeURIComponent;

export const api = {
  login: (name: string, password: string) => ask<Me>('POST', '/login', { name, password }),
  logout: () => ask<void>('POST', '/logout'),
  me: () => ask<Me>('GET', '/me'),
  changePassword: (old: string, chosen: string) => ask<void>('PUT', '/me/password', { old, new: chosen } satisfies PasswordChange),
  lock: () => ask<Me>('POST', '/lock'),
  unlock: (shown: UnlockRequest) => ask<Me>('POST', '/unlock', shown),
  reauthenticate: (password: string) => ask<Me>('POST', '/reauthenticate', { password }),
  setPin: (pin: string) => ask<void>('PUT', '/me/pin', { pin }),
  /** Somebody is there: the booth does not lock. */
  active: () => ask<void>('PUT', '/me/active'),
  state: () => ask<State>('GET', '/state'),
  laneView: (lane: string) => ask<LaneView>('GET', `/lanes/${id(lane)}/live`),

  /** Order a lane; the order's key is made once, so that a repeated post is the same command. */
  command: (lane: string, order: Order, key: string = ulid(), vehicle: string | null = null) =>
    insist<Command>('POST', `/lanes/${id(lane)}/commands`, { key, order, vehicle } satisfies CommandRequest),

  scans: (query: { plate?: string; before?: string; limit?: number } = {}) =>
    ask<Scan[]>('GET', `/scans${asQuery(query)}`),
  scan: (scan: string) => ask<Scan>('GET', `/scans/${id(scan)}`),
  assessments: (scan: string) => ask<Assessment[]>('GET', `/scans/${id(scan)}/assessments`),

  alert: (alert: string) => ask<Alert>('GET', `/alerts/${id(alert)}`),
  raiseAlert: (scan: string, note: string) => insist<Alert>('POST', `/scans/${id(scan)}/alert`, { note }),
  acknowledge: (alert: string) => insist<Alert>('POST', `/alerts/${id(alert)}/acknowledge`),
  assignSearch: (alert: string, to: string) =>
    insist<Alert>('POST', `/alerts/${id(alert)}/assign`, { to } satisfies AssignRequest),
  shelveAlert: (alert: string, shelf: ShelveRequest) => insist<Alert>('POST', `/alerts/${id(alert)}/shelve`, shelf),
  unshelveAlert: (alert: string) => insist<Alert>('POST', `/alerts/${id(alert)}/unshelve`),
  recordOutcome: (alert: string, outcome: OutcomeRequest) =>
    insist<Alert>('POST', `/alerts/${id(alert)}/outcome`, outcome),
  closeAlert: (alert: string) => insist<Alert>('POST', `/alerts/${id(alert)}/close`),
};
