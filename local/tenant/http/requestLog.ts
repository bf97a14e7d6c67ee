import type { Database } from '../store/database';
import { without } from '../store/snapshot';

/** One request to Graph or Resource Manager, or one part of a batch. */
export interface LogEntry {
  /** Tenant time, ISO 8601. */
  readonly at: string;
  readonly method: string;
  /** Path without query, as sent. */
  readonly path: string;
  readonly query: string;
  /** Answered status; 0 when no answer was given. */
  readonly status: number;
  /** Real milliseconds until the answer. */
  readonly ms: number;
  readonly inBatch?: true;
  /** Kind of the fault that was applied. */
  readonly fault?: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody?: unknown;
  readonly responseBody?: unknown;
}

const keep = 50_000;

/** The durable list of requests served, for tests and demos. Without authorization headers. */
export class RequestLog {
  constructor(private readonly database: Database) {}

  add(entry: LogEntry): void {
    const requestHeaders = without(entry.requestHeaders, 'authorization');
    this.database.addRequest(Date.parse(entry.at), { ...entry, requestHeaders }, keep);
  }

  /** Oldest first. Without `bodies`, headers and bodies are left out. */
  list(bodies: boolean): unknown[] {
    const entries = this.database.requests() as LogEntry[];
    if (bodies) return entries;
    return entries.map((entry) => without(entry, 'requestHeaders', 'requestBody', 'responseBody'));
  }

  clear(): void {
    this.database.clearRequests();
  }
}
