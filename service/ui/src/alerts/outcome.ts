/** What is typed about a search's outcome: as the form has it, what is wrong with it, and as the service takes it. */
import { CONDITIONS } from '../lib/alerts';
import type { Alert, Conditions, Outcome, OutcomeRequest } from '../lib/types';

export type TypedOutcome = {
  kind: string;
  people: string;
  medical: boolean;
  referral: boolean;
  reference: string;
  conditions: string[];
  note: string;
};

export const KINDS = ['people_found', 'nothing_found', 'not_searched'] as const;

/** Whether an outcome is what somebody typed and sent: the answer to it was lost. */
export function isOwn(recorded: Outcome, typed: TypedOutcome, me: string): boolean {
  return recorded.by === me && JSON.stringify(requestOf(typedOf(recorded))) === JSON.stringify(requestOf(typed));
}

/** The name that an alert's draft is kept under. */
export function draftOf(alert: Pick<Alert, 'id'>): string {
  return `outcome/${alert.id}`;
}

/** The form as it begins: empty, or with what was recorded. */
export function typedOf(outcome: Outcome | null): TypedOutcome {
  return {
    kind: outcome?.kind ?? '',
    people: outcome?.people == null ? '' : String(outcome.people),
    medical: outcome?.medical_help ?? false,
    referral: outcome?.safeguarding_referral ?? false,
    reference: outcome?.safeguarding_reference ?? '',
    conditions: CONDITIONS.map((one) => (outcome?.conditions ? String(outcome.conditions[one]) : '')),
    note: outcome?.note ?? '',
  };
}

export interface Faulty {
  kind: boolean;
  people: boolean;
  conditions: boolean;
  note: boolean;
}

/** What is missing or wrong. */
export function faultsOf(typed: TypedOutcome): Faulty {
  const found = typed.kind === 'people_found';
  const counted = countedOf(typed);
  return {
    kind: typed.kind === '',
    people: found && peopleOf(typed) === null,
    conditions: found && counted !== null && counted.reduce((sum, n) => sum + n, 0) !== peopleOf(typed),
    note: typed.kind === 'not_searched' && typed.note.trim() === '',
  };
}

/** As the service takes it; ask `faultsOf` first. */
export function requestOf(typed: TypedOutcome): OutcomeRequest {
  const found = typed.kind === 'people_found';
  const counted = countedOf(typed);
  return {
    kind: typed.kind as OutcomeRequest['kind'],
    people: found ? peopleOf(typed) : null,
    conditions: found && counted ? asConditions(counted) : null,
    medical_help: found && typed.medical,
    safeguarding_referral: found && typed.referral,
    safeguarding_reference: found && typed.referral ? typed.reference.trim() : '',
    note: typed.note.trim(),
  };
}

function peopleOf({ people }: TypedOutcome): number | null {
  return /^\d{1,3}$/.test(people.trim()) && Number(people) >= 1 ? Number(people) : null;
}

/** Null while nothing is known of them; they add up only if each is a number. */
function countedOf({ conditions }: TypedOutcome): number[] | null {
  return conditions.some((n) => n.trim() !== '') ? conditions.map((n) => Number(n.trim())) : null;
}

function asConditions([well = 0, needs_care = 0, critical = 0, dead = 0]: number[]): Conditions {
  return { well, needs_care, critical, dead };
}
