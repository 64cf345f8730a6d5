/** Questions and orders to the service: each ends in an answer or in a `Refusal` that says what failed. */
import type { FieldError, Problem } from './types';

export const TIME_LIMIT_MS = 5000;
const PAUSES_MS = [300, 900];

/**
 * Something asked was not done. `code` is the service's stable word, or `unreachable` (no connection),
 * `timeout` (no answer in time) and `unexpected` (an answer that is none of the service's).
 */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string = '',
    readonly errors: FieldError[] = [],
    readonly retry_after_s: number | null = null,
    readonly id: string = '',
  ) {
    super(`${code} ${status} ${detail}`);
    this.name = 'Refusal';
  }

  /** Whether the order may or may not have arrived: asking again with the same key is safe and needed. */
  get unknown(): boolean {
    return this.code === 'unreachable' || this.code === 'timeout' || [502, 503, 504].includes(this.status);
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Ask once, within the time limit; `reason` says why, where the service wants to know. */
export async function ask<T>(method: Method, path: string, body?: unknown, reason = ''): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIME_LIMIT_MS);
  try {
    const response = await fetch(`/api/v1${path}`, {
      method,
      signal: limit.signal,
      cache: 'no-store',
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(reason ? { 'Lorryscan-Reason': encodeURIComponent(reason) } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await refusal(response);
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (limit.signal.aborted) throw new Refusal('timeout', 0);
    if (error instanceof SyntaxError) throw new Refusal('unexpected', 0, error.message);
    throw new Refusal('unreachable', 0, error instanceof Error ? error.message : '');
  } finally {
    clearTimeout(timer);
  }
}

/** Read a problem document (RFC 9457); anything else, a proxy's page for instance, is `unexpected`. */
async function refusal(response: Response): Promise<Refusal> {
  const after = Number(response.headers.get('Retry-After') ?? NaN);
  const retry_after_s = Number.isFinite(after) ? after : null;
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    try {
      const problem = (await response.json()) as Partial<Problem>;
      const code = problem.code ?? 'unexpected';
      const { detail, errors, id } = problem;
      return new Refusal(code, response.status, detail, errors ?? [], retry_after_s, id ?? '');
    } catch {
      // cut off or not JSON: the status is all there is
    }
  }
  return new Refusal('unexpected', response.status, '', [], retry_after_s);
}

/** Ask, and again where nobody can tell whether it arrived; only for what is safe to ask twice. */
export async function insist<T>(method: Method, path: string, body?: unknown): Promise<T> {
  for (const pause_ms of PAUSES_MS) {
    try {
      return await ask<T>(method, path, body);
    } catch (error) {
      if (!(error instanceof Refusal) || !error.unknown) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
    }
  }
  return ask<T>(method, path, body);
}

/** `?name=value&…` of what is given; nothing where nothing is. */
export function asQuery(query: Record<string, string | number | undefined>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
