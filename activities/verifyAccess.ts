import { compareAccess, identityOfGrant } from '../domain/comparison';
import { countResults, isAdvisory, type Grant, type GrantRecord } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';
import { done, failed, type Activity, type ActivityDeps } from './activity';
import { captureAll, outsideOf, skippedIn } from './capture';
import { isThere, isWaited, recordOf, verifiedSnapshot } from './common';

/**
 * Reads what the new guest has now and compares it with the snapshot. A grant that was written but does not show is
 * given time; on the last try it becomes `failed`, so that nobody is told of access that is not there. One that failed
 * and shows is restored after all.
 * Safe to run twice: it reads, and what it writes down is replaced by the same.
 */
export function createVerifyAccess(deps: ActivityDeps): Activity<'verifyAccess'> {
  const { graph, records, documents } = deps;
  return async (input, log) => {
    const { migrationId, newId, lastTry } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined) return failed('snapshot-unverified', 'The snapshot cannot be read for the comparison.');
    const { phase, guest } = await recordOf(records, migrationId);
    if (guest.newId !== newId) throw new Error('verifyAccess: the id is not the invited guest of this migration');
    // A late duplicate would compare with what the guest has by then, and change a report that is closed, or say of a guest
    // who is on the way back that they have arrived.
    if (isWaited(phase)) throw new Error('verifyAccess: the guest is waited for');
    if (phase === 'ended') throw new Error('verifyAccess: the migration has ended');
    const skip = skippedIn(snapshot);
    const now = await captureAll(newId, skip, outsideOf(deps), snapshot.grants).catch(unlessGone(newId, graph));
    if (now === undefined) {
      return lastTry
        ? failed('guest-vanished', 'The new guest was deleted before the access was verified.')
        : done({ settled: false, failed: 0, manual: 0 });
    }
    const comparison = compareAccess(snapshot.grants, now.grants);

    const missing = new Set(comparison.missing.map(identityOfGrant));
    const results = await records.readGrantResults(migrationId);
    const invisible = results.filter(({ index, result }) => {
      const grant = snapshot.grants[index];
      const claimed = result === 'restored' || result === 'alreadyPresent';
      return claimed && grant !== undefined && missing.has(identityOfGrant(grant));
    });
    if (invisible.length > 0 && lastTry) await records.saveGrantResults(migrationId, invisible.map(notVisible));

    const settledByRule = results.flatMap((result) => nothingLeftToDo(result, snapshot.grants[result.index], missing));
    await records.saveGrantResults(migrationId, settledByRule);
    const late = results.flatMap((result) => thereAfterAll(result, snapshot.grants[result.index], missing));
    await records.saveGrantResults(migrationId, late);

    const after = await records.readGrantResults(migrationId);
    const access = countResults(snapshot.grants.length, after);
    await records.updateMigration(migrationId, { comparison, access });
    log.info('verified', { migrationId, equal: comparison.equal, missing: missing.size, invisible: invisible.length });
    const reminders = results.filter(({ index }) => isReminder(snapshot.grants[index])).length;
    return done({
      settled: invisible.length === 0 || lastTry,
      failed: access.failed,
      manual: access.manual - settledByRule.length - reminders,
    });
  };
}

/**
 * A guest that is not found may only be hidden by a replica that lags: looked at again, but not for ever. What else is
 * not found, such as a team that was deleted at that moment, says nothing about the guest.
 */
function unlessGone(newId: string, graph: Graph): (error: unknown) => Promise<undefined> {
  return async (error) => {
    if (!isNotFound(error) || (await isThere(graph, `/users/${newId}`))) throw error;
    return undefined;
  };
}

function isReminder(grant: Grant | undefined): boolean {
  return grant !== undefined && isAdvisory(grant);
}

const NOTHING_TO_DO = 'Nothing is left to do: the new guest has it again.';

/** A grant for people that came by itself, such as a dynamic group whose rule the restored attributes satisfy. */
function nothingLeftToDo(
  { index, result }: GrantRecord,
  grant: Grant | undefined,
  missing: ReadonlySet<string>,
): GrantRecord[] {
  if (result !== 'manual' || grant?.instruction === undefined || isAdvisory(grant)) return [];
  if (missing.has(identityOfGrant(grant))) return [];
  return [{ index, result, detail: `${NOTHING_TO_DO} (${grant.instruction})` }];
}

/** The answer of the last try was lost, or a service took longer than the retries: there is nothing to do by hand. */
function thereAfterAll(
  { index, result }: GrantRecord,
  grant: Grant | undefined,
  missing: ReadonlySet<string>,
): GrantRecord[] {
  if (result !== 'failed' || grant === undefined || missing.has(identityOfGrant(grant))) return [];
  return [{ index, result: 'restored', detail: 'It was called failed, but the new guest has it.' }];
}

function notVisible({ index }: GrantRecord): GrantRecord {
  return { index, result: 'failed', detail: 'It was written, but the directory does not show it. Check it by hand.' };
}
