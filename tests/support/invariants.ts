import type { Report } from '../../domain/migration';
import type { MigrationRecord } from '../../domain/record';
import type { AppInProcess, OutsideCall } from './appInProcess';
import type { TenantState } from './localStack';
import { promises } from './promises';
import { accessOf } from './tenantView';
import { everybodyElse } from './wholeTenant';

/** How migrations ended up, for the invariants to look at. */
interface Ended {
  app: AppInProcess;
  before: TenantState;
  after: TenantState;
  row: MigrationRecord;
  report: Report;
}

type Invariant = (ended: Ended) => Iterable<string | false>;

/** A migration, and those that it continues and is continued by. */
function family({ id, resumes, resumedBy }: MigrationRecord): string[] {
  return [id, resumes, resumedBy].filter((one) => one !== null);
}

/** The guests of a migration: the old one, and all that it invited. */
function guestsOf({ app, row }: Pick<Ended, 'app' | 'row'>): string[] {
  const ids = family(row).flatMap((id) => [...(app.invitedIds.get(id) ?? [])]);
  return [...new Set([row.guest.oldId ?? '', ...ids])].filter((id) => id !== '');
}

/** The guests of all migrations. */
function everyGuest(app: AppInProcess): string[] {
  return [...new Set([...app.records.migrations.values()].flatMap((row) => guestsOf({ app, row })))];
}

/** True when the old guest is purged, or reset. */
function isPastReturn({ purgedAt, resetAttemptedAt, resumes }: MigrationRecord): boolean {
  return purgedAt !== null || resetAttemptedAt !== null || resumes !== null;
}

const isWrite = ({ call }: OutsideCall): boolean => /^(graph\.write|azure\.(put|remove))$/.test(call);
const textOf = ({ args }: OutsideCall): string => JSON.stringify(args);

/** Writes about the account itself: invitations, its removal, mails to it, and the address that it is invited at. */
function isAboutAccount({ args }: OutsideCall): boolean {
  const [method, path, body] = args as [string, string, object | undefined];
  if (/^\/(invitations|subscriptions)|\/sendMail$|^\/directory\/deletedItems\//.test(path)) return true;
  if (method === 'DELETE') return /^\/users\/[^/]+$/.test(path);
  return method === 'PATCH' && Object.keys(body ?? {}).join() === 'otherMails';
}

const takesRoles = new Set(['removeRoles', 'giveBackRoles', 'sweepMigrations']);

/** Each invariant of the design that an ended migration can be held against; what it answers is what is wrong. */
const invariants: Record<string, Invariant> = {
  '1 no deletion without a verified snapshot': function* ({ app, row }) {
    const calls = app.calls.filter(({ migrationId }) => migrationId === row.id);
    const deletion = calls.findIndex(
      (one) => isWrite(one) && textOf(one).startsWith(`["DELETE","/users/${row.guest.oldId}"`),
    );
    if (deletion < 0) return;
    const of = (call: string): number => calls.slice(0, deletion).findLastIndex((one) => one.call === call);
    yield of('documents.writeSnapshot') < 0 && 'no snapshot was written before the deletion';
    const readBack = of('documents.readSnapshot');
    yield (readBack < 0 || readBack < of('documents.writeSnapshot')) && 'it was not read back before the deletion';
    yield app.documents.snapshots.get(row.id) === undefined && 'the snapshot is gone';
  },
  '2 no restore before the verdict': function* ({ app, row }) {
    for (const one of app.calls.filter(
      (call) => isWrite(call) && !isAboutAccount(call) && !takesRoles.has(call.actor),
    )) {
      for (const { id, issuer, back, migrationId } of one.invited) {
        if (migrationId !== row.id || !textOf(one).includes(id)) continue;
        const wanted = back ? 'ExternalAzureAD' : 'MicrosoftAccount';
        yield (
          issuer !== wanted && `${one.actor} wrote ${String(one.args[1])} for somebody with ${issuer ?? 'no identity'}`
        );
      }
    }
  },
  '3 captured = restored + alreadyPresent + manual + failed': function* ({ row, report }) {
    if (!/^completed/.test(row.outcome ?? '') && !(row.turnedBackAt !== null && row.comparison !== null)) return;
    const { captured, restored, alreadyPresent, manual, failed } = row.access;
    yield captured !== restored + alreadyPresent + manual + failed && JSON.stringify(row.access);
    yield report.grants.length !== captured && `the report has ${report.grants.length} grants of ${captured}`;
    const counted = (result: string): number => report.grants.filter((grant) => grant.result === result).length;
    yield counted('restored') !== restored && 'the report counts other restored grants';
    yield counted('manual') !== manual && 'the report counts other manual grants';
  },
  '4 one migration a guest': ({ app }) => app.overlaps,
  '5 before the purge every ending leaves the tenant as it was': function* ({ app, before, after, row }) {
    const sameGuest = [...app.records.migrations.values()].filter(({ guest }) => guest.oldId === row.guest.oldId);
    if (sameGuest.some(isPastReturn)) return;
    const ours = app.invitedIds.get(row.id) ?? new Set();
    // What was invited meanwhile lies in the recycle bin, where it may still be listed as a member.
    const others = everyGuest(app).filter((id) => id !== row.guest.oldId);
    const deletedUsers = after.deletedUsers.filter(({ id }) => !ours.has(id));
    const roleIds = (state: TenantState): TenantState => withoutRoleIds(state, row.guest.oldId);
    yield* differences(
      everybodyElse(roleIds(before), others),
      everybodyElse(roleIds({ ...after, deletedUsers }), others),
    );
  },
  '6 nothing twice': function* ({ before, after, row, app }) {
    const known = new Set([...before.users, ...before.deletedUsers].map(({ id }) => id));
    const ofOthers = [...app.invitedIds].filter(([id]) => !family(row).includes(id)).flatMap(([, ids]) => [...ids]);
    const made = [...after.users, ...after.deletedUsers].filter(({ id }) => !known.has(id) && !ofOthers.includes(id));
    const mails = made.map(({ mail }) => mail?.toLowerCase());
    yield new Set(mails).size < mails.length && `${made.length} guests came of ${new Set(mails).size} addresses`;
    const live = after.users.filter(({ id }) => guestsOf({ app, row }).includes(id));
    yield live.length > 1 && 'the guest has two accounts';
    for (const id of guestsOf({ app, row })) {
      const access = accessOf(after, id);
      yield new Set(access).size < access.length && 'something was given twice';
    }
  },
  '6 one invitation a round': function* ({ app, row }) {
    const sent = app.records.auditLog.filter(
      ({ migrationId, action, stage }) =>
        migrationId === row.id && stage === 'after' && ['invite', 'inviteAgain', 'resetRedemption'].includes(action),
    );
    const resends = app.records.auditLog.filter(
      ({ migrationId, action }) => migrationId === row.id && action === 'resendInvitation',
    );
    const reminders = (row.request.remindAfterDays ?? []).length;
    const turns = row.turnedBackAt === null ? 1 : 2;
    const most = turns * (row.mostRounds ?? 1) + reminders * turns + resends.length + (row.resumes === null ? 0 : 1);
    yield sent.length > most && `${sent.length} invitations, at most ${most} are explained`;
  },
  '8 nobody else changed': function* ({ before, after, app }) {
    const guests = everyGuest(app);
    yield* differences(everybodyElse(before, guests), everybodyElse(after, guests));
  },
  '9 no address in logs and history': function* ({ app, row }) {
    yield* app.logLines.filter((line) => line.includes('@') || line.includes('redeem?'));
    const history = JSON.stringify(app.host.engine.history(row.id));
    yield /@[a-z]|\/redeem/i.test(history) && 'the durable history has an address';
  },
  '11 nothing is deleted or reset without the approval that is needed': function* ({ row }) {
    const begun = row.deleteAttemptedAt !== null || row.resetAttemptedAt !== null || row.rolesRemovedAt !== null;
    if (!begun || row.approvalHours === null) return;
    yield row.approval?.decision !== 'approved' && `the answer was ${row.approval?.decision ?? 'none'}`;
  },
  'a cancel and the claim of the purge shut each other out': function* ({ row }) {
    if (row.cancelRequestedAt === null) return;
    yield row.purgeClaimedAt !== null && 'it was claimed, and a cancel was taken';
    yield /^completed/.test(row.outcome ?? '') && 'it completed, and a cancel was taken';
  },
  'a way back that was taken is not lost': function* ({ app, row }) {
    const asked = app.records.auditLog.some(
      ({ migrationId, action }) => migrationId === row.id && action === 'revertMigration',
    );
    yield asked && /^completed/.test(row.outcome ?? '') && 'it completed all the same';
  },
  'locks are free': ({ app, row }) =>
    [...app.records.locks.values()].map((lock) => lock.migrationId === row.id && `${lock.guestId} is locked`),
  'row and engine agree': function* ({ app, row }) {
    const status = app.host.engine.status(row.id)?.runtimeStatus;
    yield app.customPhase(row.id) !== row.phase && `row ${row.phase}, engine ${app.customPhase(row.id)} (${status})`;
    yield status !== 'Completed' && `the engine is ${status}`;
  },
  'every phase was entered': ({ app }) =>
    app.logLines.filter((line) => /"event":"(phase-not-entered|step-crashed)"/.test(line)),
};

/** A role that was taken away and given back is another row, and the same role. */
function withoutRoleIds(state: TenantState, guestId: string | null): TenantState {
  const roleAssignments = state.roleAssignments.map((role) =>
    role.principalId === guestId ? { ...role, id: '' } : role,
  );
  return { ...state, roleAssignments };
}

function* differences(before: Record<string, string[]>, after: Record<string, string[]>): Iterable<string> {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name] ?? [], after[name] ?? []];
    for (const row of was.filter((one) => !is.includes(one))) yield `${name} lost ${row}`;
    for (const row of is.filter((one) => !was.includes(one))) yield `${name} got ${row}`;
  }
}

/** What is wrong with an ended migration, one text each: the invariant's name, and what breaks it. */
export async function brokenInvariants(app: AppInProcess, before: TenantState, id: string): Promise<string[]> {
  const row = app.row(id);
  if (row.phase !== 'ended') return [`it has not ended: ${row.phase}`];
  const report = (await app.get(`/migrations/${id}/report`)).json as Report;
  const ended = { app, before, after: await app.state(), row, report };
  return Object.entries({ ...invariants, ...promises }).flatMap(([name, check]) =>
    [...check(ended)].filter((text) => text !== false).map((text) => `${name}: ${text}`),
  );
}
