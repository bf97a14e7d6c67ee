import { accessKinds } from '../../access';
import type { GrantKind } from '../../domain/grants';
import { guests } from '../../local/tenant/seed/ids';
import { builtInTenant } from '../../local/tenant/seed/index';
import { grantBuilders, type TenantDocument } from './grantBuilders';
import { outsideOf } from './recordedCalls';
import { tenantInProcess } from './tenantInProcess';

/** How the capture of one kind reads a guest with so many grants of it. */
export interface CaptureRequests {
  kind: GrantKind;
  grants: number;
  /** Reads if each were a request of its own. */
  single: number;
  /** Requests that travelled: a batch is one. */
  sent: number;
}

/** Head of the lines of `requestLine`. */
export const requestHead = requestLineOf(['kind', 'grants', 'single', 'batched', 'ratio']);

/** Requests of one kind, or of all, as a line of a table: every read alone, batched, and how many times fewer that is. */
export function requestLine({
  grants,
  single,
  sent,
  ...row
}: Omit<CaptureRequests, 'kind'> & { kind: string }): string {
  const ratio = sent === 0 ? '-' : (single / sent).toFixed(1);
  return requestLineOf([row.kind, ...[grants, single, sent].map(String), ratio]);
}

function requestLineOf([kind = '', ...numbers]: readonly string[]): string {
  return kind.padEnd(24) + numbers.map((text) => text.padStart(9)).join('');
}

/** Captures one kind of a guest who was given `wanted` grants of it, as far as the kind has room for so many. */
export async function captureRequests(kind: GrantKind, wanted: number): Promise<CaptureRequests> {
  const seed = structuredClone(builtInTenant()) as TenantDocument;
  for (let n = 0; n < wanted; n += 1) grantBuilders[kind](seed, guests.ines, n, n);
  const tenant = tenantInProcess({ seed });
  try {
    const { graph, azure } = tenant;
    const grants = await accessKinds[kind].capture(guests.ines, outsideOf({ graph, azure }));
    const requests = await tenant.requests();
    const batches = requests.filter(({ path }) => path.endsWith('/$batch')).length;
    const inBatches = requests.filter(({ inBatch }) => inBatch === true).length;
    return { kind, grants: grants.length, single: requests.length - batches, sent: requests.length - inBatches };
  } finally {
    tenant.close();
  }
}
