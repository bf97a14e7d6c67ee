import { identityOfGrant, isSameJson, type Comparison } from '../domain/comparison';
import { isAdvisory, type Grant } from '../domain/grants';
import { isNotFound } from '../domain/serviceError';
import type { GuestAccount } from '../domain/snapshot';
import { done, failed, type Activity, type ActivityDeps } from './activity';
import { missingPermission, skippedIn } from './capture';
import { readGuestAndAccess } from './captureAccess';
import { recordOf, verifiedSnapshot } from './common';

/**
 * Reads the guest once more after the wait for an approval and compares with the snapshot that was approved, more
 * strictly than old and new guests are compared: everything that a restore goes by counts. What differs is written down
 * for the report, by name.
 * Safe to run twice: it reads, and writes down the same; a late duplicate finds another phase and writes nothing.
 */
export function createConfirmAccess(deps: ActivityDeps): Activity<'confirmAccess'> {
  const { records, documents, clock } = deps;
  return async (input, log) => {
    const { migrationId, guestId } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined) {
      return failed('snapshot-unverified', 'The approved snapshot cannot be read: nothing was deleted.');
    }
    const { phase } = await recordOf(records, migrationId);
    if (phase !== 'awaitingApproval') throw new Error('confirmAccess: the migration does not wait any more');
    const found = await readGuestAndAccess(guestId, skippedIn(snapshot), deps).catch(unlessGone);
    if (found === undefined) return failed('guest-vanished', 'The guest is gone, before anything was deleted.');
    if (found.access.refused.length > 0) return missingPermission(found.access.refused);

    const { added, gone, changed, equal } = differences(snapshot.grants, found.access.grants, clock.now());
    const { guest, sponsorIds } = snapshot;
    const same =
      isSameJson(guest, comparable(found.guest, guest)) &&
      isSameJson([...sponsorIds].sort(), [...found.sponsorIds].sort());
    const comparison: Comparison = { equal, missing: [...gone, ...changed].map(named), extra: added.map(named) };
    if (added.length + gone.length + changed.length > 0) await records.updateMigration(migrationId, { comparison });
    const counts = { added: added.length, gone: gone.length, changed: changed.length };
    log.info('confirmed', { migrationId, ...counts, sameAccount: same });
    return done({ ...counts, account: same ? 'same' : 'changed' });
  };
}

/** The account as it is now, without what a snapshot of an earlier version does not know. */
function comparable({ otherMails, ...found }: GuestAccount, approved: GuestAccount): GuestAccount {
  return approved.otherMails === undefined || otherMails === undefined ? found : { ...found, otherMails };
}

function differences(approved: readonly Grant[], present: readonly Grant[], now: Date) {
  const before = new Map(
    approved.filter((grant) => !isAdvisory(grant)).map((grant) => [identityOfGrant(grant), grant]),
  );
  const after = new Map(present.filter((grant) => !isAdvisory(grant)).map((grant) => [identityOfGrant(grant), grant]));
  const kept = [...before].flatMap(([identity, grant]) => {
    const found = after.get(identity);
    return found === undefined ? [] : [{ grant, same: isSamePlan(grant, found, now) }];
  });
  return {
    added: [...after].flatMap(([identity, grant]) => (before.has(identity) ? [] : [grant])),
    gone: [...before].flatMap(([identity, grant]) => (after.has(identity) ? [] : [grant])),
    changed: kept.flatMap(({ grant, same }) => (same ? [] : [grant])),
    equal: kept.filter(({ same }) => same).length,
  };
}

/** Names and the words of instructions may change; who restores it, where, and from what may not. */
function isSamePlan(a: Grant, b: Grant, now: Date): boolean {
  const planOf = ({ scope, instruction, data }: Grant) => ({
    scope: scope?.toLowerCase(),
    byHand: instruction !== undefined,
    data: withoutPastStart(data, now),
  });
  return isSameJson(planOf(a), planOf(b));
}

/** A schedule that began meanwhile is the same schedule: a beginning is captured only while it lies ahead. */
function withoutPastStart(data: Grant['data'], now: Date): Grant['data'] {
  const isPast = (value: unknown) => typeof value === 'string' && Date.parse(value) <= now.getTime();
  return Object.fromEntries(
    Object.entries(data).filter(([name, value]) => !(['start', 'from'].includes(name) && isPast(value))),
  );
}

function unlessGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}

function named({ kind, key, name }: Grant): Comparison['extra'][number] {
  return { kind, key, name };
}
