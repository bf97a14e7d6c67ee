import type { Report } from '../../domain/migration';
import type { MigrationRecord } from '../../domain/record';
import type { AppInProcess } from './appInProcess';
import type { TenantState } from './localStack';

/*
 * What callers were promised: an answer of 202 is served or overtaken by an ending that says so, and what the row and the
 * report say at the end is what the directory shows.
 */

interface Ended {
  app: AppInProcess;
  after: TenantState;
  row: MigrationRecord;
  report: Report;
}

type Promised = (ended: Ended) => Iterable<string | false>;

const gaveAccess = ({ outcome }: MigrationRecord): boolean => /^completed/.test(outcome ?? '');

/** How often the audit log has an action of this migration at a stage. */
function audited({ app, row }: Ended, action: string, stage: string): number {
  return app.records.auditLog.filter(
    (entry) => entry.migrationId === row.id && entry.action === action && entry.stage === stage,
  ).length;
}

export const promises: Record<string, Promised> = {
  'a cancel and the purge shut each other out': function* ({ row }) {
    if (row.cancelRequestedAt === null) return;
    yield row.purgeClaimedAt !== null && 'both were taken';
    yield (row.purgedAt !== null || row.resetAttemptedAt !== null) && 'the old guest is gone all the same';
    yield gaveAccess(row) && `it ended as ${String(row.outcome)}`;
  },
  'a revert that was taken does not end in the new identity': function* (ended) {
    yield audited(ended, 'revertMigration', 'requested') > 0 && gaveAccess(ended.row) && 'it completed';
  },
  'one answer to the plan, and nothing destroyed without it': function* (ended) {
    const { row } = ended;
    const answers = audited(ended, 'approveMigration', 'after') + audited(ended, 'rejectMigration', 'after');
    yield answers > 1 && `${answers} answers are in force`;
    const { decision } = row.approval ?? {};
    yield decision === 'rejected' && !/rejected|cancelled/.test(row.outcome ?? '') && 'rejected, and not ended so';
    const destroyed = row.deleteAttemptedAt ?? row.rolesRemovedAt ?? row.resetAttemptedAt;
    yield row.approvalHours !== null && destroyed !== null && decision !== 'approved' && 'nobody approved it';
  },
  'no wish is left open': ({ row }) => [row.wish !== null && `${row.wish.kind} is left`],
  'one successor': function* ({ app, row }) {
    const heirs = [...app.records.migrations.values()].filter(({ resumes }) => resumes === row.id);
    const inForce = heirs.filter(({ outcome }) => outcome !== 'rejected');
    yield inForce.length > 1 && `${inForce.length} migrations go on from here`;
    yield inForce.some(({ id }) => id !== row.resumedBy) && 'the successor is not named';
    yield row.resumedBy !== null && !app.records.migrations.has(row.resumedBy) && 'the successor does not exist';
  },
  'completed: the guest has the personal account, and what the report says': function* ({ app, after, row, report }) {
    if (!gaveAccess(row)) return;
    yield row.verdict !== 'personal' && `the verdict is ${String(row.verdict)}`;
    if (isOvertaken(app, row)) return;
    const guest = after.users.find(({ id }) => id === row.guest.newId);
    yield guest?.externalUserState !== 'Accepted' && 'the guest has not accepted';
    const issuers = guest?.identities?.map(({ issuer }) => issuer) ?? [];
    yield !issuers.includes('MicrosoftAccount') && `the guest signs in with ${issuers.join()}`;
    yield* falseIn(report, after, row.guest.newId ?? '');
  },
  'back: the guest has the work account, and what the report says': function* ({ app, after, row, report }) {
    if (row.turnedBackAt === null || row.comparison === null || isOvertaken(app, row)) return;
    const guest = after.users.find(({ id }) => id === row.guest.newId);
    const issuers = guest?.identities?.map(({ issuer }) => issuer) ?? [];
    yield !issuers.includes('ExternalAzureAD') && `the guest signs in with ${issuers.join()}`;
    yield* falseIn(report, after, row.guest.newId ?? '');
  },
  'expired: nobody can accept any more': function* ({ app, after, row }) {
    if (row.outcome !== 'expired' || row.strategy === 'reset' || isOvertaken(app, row)) return;
    const ids = [...(app.invitedIds.get(row.id) ?? [])];
    yield after.users.some(({ id }) => ids.includes(id)) && 'the invited guest is still there';
  },
};

/** Another migration worked on the same guest later. */
function isOvertaken({ records }: AppInProcess, { id, guest, resumedBy }: MigrationRecord): boolean {
  return [...records.migrations.values()].some(
    (other) =>
      other.id !== id && other.outcome !== 'rejected' && (other.id === resumedBy || other.guest.oldId === guest.newId),
  );
}

/** Groups that the report says the guest is in, and the directory does not. */
function* falseIn({ grants }: Report, { groups }: TenantState, guestId: string): Iterable<string> {
  for (const { kind, key, result } of grants) {
    if (kind !== 'groupMembership' || !/restored|alreadyPresent/.test(result)) continue;
    const group = groups.find(({ id }) => id === key);
    if (group?.members.includes(guestId) !== true) yield `the report says ${result}, and the guest is not in ${key}`;
  }
}
