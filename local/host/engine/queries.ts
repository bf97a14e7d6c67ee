import type { SQLInputValue } from 'node:sqlite';
import type { HistoryEvent, RuntimeStatus } from './events';
import type { InstanceRow, Store } from './store';

/** An instance as the durable client sees it; times are ISO texts in UTC. */
export interface InstanceStatus {
  name: string;
  instanceId: string;
  runtimeStatus: RuntimeStatus;
  input: unknown;
  customStatus: unknown;
  output: unknown;
  createdTime: string;
  lastUpdatedTime: string;
  historyEvents?: HistoryEvent[];
}

/** Which instances to list. Times are ISO texts; `continuation` is the token of the page before. */
export interface InstanceFilter {
  runtimeStatus?: string[];
  createdTimeFrom?: string;
  createdTimeTo?: string;
  top?: number;
  continuation?: string;
}

const PAGE_SIZE = 100;

export function statusOf(row: InstanceRow, showInput = true): InstanceStatus {
  return {
    name: row.name,
    instanceId: row.id,
    runtimeStatus: row.status,
    input: showInput ? parsed(row.input) : null,
    customStatus: parsed(row.custom_status),
    output: parsed(row.output),
    createdTime: new Date(row.created_at).toISOString(),
    lastUpdatedTime: new Date(row.updated_at).toISOString(),
  };
}

function parsed(json: string | null): unknown {
  return json === null ? null : (JSON.parse(json) as unknown);
}

/**
 * Lists instances from the oldest on, a page at a time; `continuation` is set when there are more.
 * Throws `RangeError` for a filter that cannot be read.
 */
export function listInstances(
  store: Store,
  filter: InstanceFilter,
): { instances: InstanceStatus[]; continuation: string | undefined } {
  const { condition, values } = conditionOf(filter);
  const size = filter.top ?? PAGE_SIZE;
  const rows = store.instances(condition, values, size + 1);
  const page = rows.slice(0, size);
  const last = page.at(-1);
  return {
    instances: page.map((row) => statusOf(row)),
    continuation: rows.length > size && last ? tokenOf(last) : undefined,
  };
}

/** Ids of all instances that satisfy the filter, whatever their number. */
export function instanceIds(store: Store, filter: InstanceFilter): string[] {
  const { condition, values } = conditionOf(filter);
  return store.instances(condition, values, Number.MAX_SAFE_INTEGER).map((row) => row.id);
}

function conditionOf(filter: InstanceFilter): { condition: string; values: SQLInputValue[] } {
  const parts = ['1 = 1'];
  const values: SQLInputValue[] = [];
  if (filter.runtimeStatus?.length) {
    parts.push(`status IN (${filter.runtimeStatus.map(() => '?').join(', ')})`);
    values.push(...filter.runtimeStatus);
  }
  if (filter.createdTimeFrom !== undefined) {
    parts.push('created_at >= ?');
    values.push(timeOf(filter.createdTimeFrom));
  }
  if (filter.createdTimeTo !== undefined) {
    parts.push('created_at <= ?');
    values.push(timeOf(filter.createdTimeTo));
  }
  if (filter.continuation !== undefined) {
    const { at, id } = placeOf(filter.continuation);
    parts.push('(created_at, id) > (?, ?)');
    values.push(at, id);
  }
  return { condition: parts.join(' AND '), values };
}

function timeOf(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new RangeError('A created time is not a date.');
  return at;
}

function tokenOf({ created_at, id }: InstanceRow): string {
  return Buffer.from(`${created_at} ${id}`).toString('base64url');
}

function placeOf(token: string): { at: number; id: string } {
  const match = /^(\d+) (.+)$/.exec(Buffer.from(token, 'base64url').toString());
  if (!match) throw new RangeError('The continuation token is not one of this host.');
  return { at: Number(match[1]), id: match[2] ?? '' };
}
