/** Whether the service says of itself that it is well: asked of it directly, beside the stream. */
export interface Ready {
  version: string;
  /** Why it is not ready, in its own words; none: it is. */
  reasons: string[];
  /** What is wrong and harms no booth. */
  warnings: string[];
}

const WITHIN_MS = 4000;

/** Ask; null when it gives no answer that can be read. */
export async function askReady(get: typeof fetch = fetch): Promise<Ready | null> {
  try {
    const response = await get('/api/health/ready', { cache: 'no-store', signal: AbortSignal.timeout(WITHIN_MS) });
    const told = (await response.json()) as Partial<Ready>;
    if (response.ok) return { version: told.version ?? '', reasons: [], warnings: told.warnings ?? [] };
    return response.status === 503 && told.reasons ? { version: '', reasons: told.reasons, warnings: [] } : null;
  } catch {
    return null;
  }
}
