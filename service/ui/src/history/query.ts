/** What a search of past scans asks for: as the form has it, as the address keeps it, and as the service takes it. */

export const FIELDS = ['plate', 'vehicle_class', 'recommendation', 'outcome', 'lane', 'from', 'until'] as const;
export type Field = (typeof FIELDS)[number];
/** Texts of the form; "" is no condition. `from` and `until` are local times as browsers' fields write them. */
export type Wanted = Record<Field, string>;

export const OUTCOMES = ['people_found', 'nothing_found', 'not_searched', 'not_recorded', 'no_alert'] as const;
export const RECOMMENDATIONS = ['rescue', 'search', 'inconclusive', 'no-indication'] as const;
export const CLASSES = ['reefer', 'tanker'] as const;

/** The form of an address; what is not known there is left out. */
export function wantedOf(query: Readonly<Record<string, string>>): Wanted {
  return Object.fromEntries(FIELDS.map((field) => [field, query[field] ?? ''])) as Wanted;
}

/** Whether anything is asked for. */
export function asks(wanted: Wanted): boolean {
  return FIELDS.some((field) => wanted[field].trim() !== '');
}

/** Whether the end is before the beginning: then nothing could be found. */
export function reversed({ from, until }: Wanted): boolean {
  return from !== '' && until !== '' && local_ms(until) < local_ms(from);
}

/** What the service is asked. A time without seconds means the whole of its minute. */
export function asked(wanted: Wanted, limit: number, before = ''): Record<string, string> {
  const { from, until, plate, ...rest } = wanted;
  const query: Record<string, string> = {
    ...rest,
    plate: plate.trim(),
    since_utc_ms: from && String(local_ms(from)),
    until_utc_ms: until && String(local_ms(until) + 60_000),
    before,
    limit: String(limit),
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '' && value !== 'NaN'));
}

function local_ms(text: string): number {
  return new Date(text).getTime();
}
