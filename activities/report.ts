import { accessKinds } from '../access';
import type { Grant, GrantRecord } from '../domain/grants';
import type { Report } from '../domain/migration';
import type { MigrationRecord } from '../domain/record';
import type { ActivityDeps } from './activity';

/**
 * The report of a migration at this moment: every captured grant with its result; `planned` while it has none.
 * Empty before the capture.
 */
export async function reportOf(
  record: MigrationRecord,
  { records, documents }: Pick<ActivityDeps, 'records' | 'documents'>,
): Promise<Report> {
  const { id, snapshotHash, outcome, comparison, recommendation } = record;
  const snapshot = snapshotHash === null ? undefined : await documents.readSnapshot(id, snapshotHash);
  const results = new Map((await records.readGrantResults(id)).map((result) => [result.index, result]));
  return {
    migrationId: id,
    outcome,
    grants: (snapshot?.grants ?? []).map((grant, index) => rowOf(grant, results.get(index), record)),
    comparison,
    recommendation,
  };
}

function rowOf(grant: Grant, result: GrantRecord | undefined, record: MigrationRecord): Report['grants'][number] {
  const { kind, key, name, scope } = grant;
  return {
    kind,
    key,
    name,
    ...(scope === undefined ? {} : { scope }),
    result: result?.result ?? 'planned',
    detail: result?.detail ?? plan(grant, record),
  };
}

function plan(grant: Grant, record: MigrationRecord): string {
  if (grant.instruction !== undefined) return `By hand: ${grant.instruction}`;
  if (record.outcome === null) return `Will be restored to the new guest: ${howOf(grant)}`;
  if (record.outcome === 'planned') return `Would be restored to the new guest: ${howOf(grant)}`;
  return record.purgeClaimedAt === null ? 'Nothing was changed.' : 'Not restored; kept in the snapshot.';
}

/** The request that gives the grant back, in Microsoft's spelling; what a package brings is not given a second time. */
function howOf({ kind, data }: Grant): string {
  const { deliveredBy } = data;
  if (typeof deliveredBy === 'string') return `through the access package ${deliveredBy}`;
  return accessKinds[kind].calls.restore.filter((call) => !/^(GET|DELETE) /.test(call)).join(' or ');
}
