import { accessKinds } from '../access';
import type { Attempt } from '../access/kind';
import { isGoingBack, wantedIdentity } from '../domain/direction';
import { identityOfGrant } from '../domain/comparison';
import { countResults, isAdvisory, type Grant, type GrantKind, type GrantRecord } from '../domain/grants';
import type { IdentityVerdict } from '../domain/identityVerdict';
import { progressOf } from '../domain/phases';
import type { Graph, Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';
import { isNotFound } from '../domain/serviceError';
import { done, failed, type Activity, type ActivityDeps } from './activity';
import { outsideOf } from './capture';
import { changePolicies } from './changePolicies';
import { isWaited, recordOf, requireInvited, verifiedSnapshot } from './common';
import { standingOf } from './standing';

/**
 * Restores grants of the snapshot, by index, to the new guest: adding only. Before anything is written it reads the
 * guest again: nothing is ever given to an account that does not sign in with a personal Microsoft account or, on the
 * way back, with a work account.
 *
 * Safe to run twice: a grant that has a result is left alone, and a restore that took effect without a result is
 * found as `alreadyPresent`.
 */
export function createRestoreGrants(deps: ActivityDeps): Activity<'restoreGrants'> {
  const { graph, records, documents } = deps;
  return async (input, log) => {
    const { migrationId, newId, indexes, lastTry } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'The snapshot cannot be read: nothing was restored.');
    const record = await recordOf(records, migrationId);
    requireInvited('restoreGrants', newId, snapshot, record);
    // A late duplicate of before the way back: its results would hide what is still to be restored.
    if (isWaited(record.phase)) throw new Error('restoreGrants: the guest is waited for');
    const wanted = wantedIdentity(isGoingBack(record));
    const before = await records.readGrantResults(migrationId);
    const finished = new Set(before.map((result) => result.index));
    const open = indexes.filter((index) => !finished.has(index) && index < snapshot.grants.length);

    const found = await verdictNow(graph, newId);
    // The identity replicates apart from the state, so one that is not recognised may be read again; it gets nothing.
    const verdict = found === 'unknown' && !lastTry ? 'notReadable' : found;
    if (verdict !== wanted && verdict !== 'notReadable') {
      return failed('wrong-identity', `The new guest signs in with: ${verdict}. Nothing more was restored.`);
    }
    const attempts =
      verdict === wanted ? await attemptUnlessKept(open, snapshot.grants, { record, newId }, deps) : unreadable(open);
    const results = attempts.flatMap((tried) => resultOf(tried, lastTry));
    await records.saveGrantResults(migrationId, results);
    await remember(records, migrationId, snapshot.grants.length);

    const retry = attempts.filter(({ attempt: a }) => a.result === 'retry' && !lastTry);
    log.info('restored', { migrationId, tried: open.length, finished: results.length, again: retry.length });
    return done({
      retry: retry.map(({ index }) => index),
      afterSeconds: Math.max(0, ...retry.map(({ attempt: a }) => (a.result === 'retry' ? a.afterSeconds : 0))),
    });
  };
}

async function verdictNow(graph: Graph, newId: string): Promise<IdentityVerdict | 'notReadable'> {
  try {
    const { accepted, verdict } = await standingOf(newId, graph);
    // A replica that lags still shows the guest as it was before the redemption.
    return accepted ? verdict : 'notReadable';
  } catch (error) {
    if (isNotFound(error)) return 'notReadable';
    throw error;
  }
}

/**
 * After a reset the guest still has what was not taken away, also what no app could give back. Only the rest is restored.
 */
async function attemptUnlessKept(
  open: readonly number[],
  grants: readonly Grant[],
  { record, newId }: { record: MigrationRecord; newId: string },
  deps: ActivityDeps,
): Promise<Tried[]> {
  const target = { migrationId: record.id, newId };
  if (record.strategy !== 'reset') return attempt(open, grants, target, deps);
  const kinds = [...new Set(open.flatMap((index) => grants[index]?.kind ?? []))].filter(
    (kind) => !isAdvisory({ kind }),
  );
  const lists = await Promise.all(
    kinds.map((kind) => {
      const ofKind = grants.filter((grant) => grant.kind === kind);
      return accessKinds[kind].capture(newId, outsideOf(deps), ofKind);
    }),
  );
  const held = new Set(lists.flat().map(identityOfGrant));
  const isKept = (index: number): boolean => {
    const grant = grants[index];
    return grant !== undefined && held.has(identityOfGrant(grant));
  };
  const kept = open.filter(isKept).map((index): Tried => ({ index, attempt: STAYED }));
  return [
    ...kept,
    ...(await attempt(
      open.filter((index) => !isKept(index)),
      grants,
      target,
      deps,
    )),
  ];
}

const STAYED: Attempt = { result: 'alreadyPresent', detail: 'It stayed with the guest.' };

async function attempt(
  open: readonly number[],
  grants: readonly Grant[],
  target: { migrationId: string; newId: string },
  deps: ActivityDeps,
): Promise<Tried[]> {
  const tried: Tried[] = [];
  const byKind = new Map<GrantKind, { index: number; grant: Grant }[]>();
  for (const index of open) {
    const grant = grants[index];
    if (grant === undefined) continue;
    if (grant.instruction !== undefined) {
      tried.push({ index, attempt: { result: 'manual', detail: grant.instruction } });
    } else byKind.set(grant.kind, [...(byKind.get(grant.kind) ?? []), { index, grant }]);
  }
  for (const [kind, entries] of byKind) {
    const ofKind = entries.map(({ grant }) => grant);
    const attempts =
      kind === 'conditionalAccess'
        ? await changePolicies(ofKind, target, deps)
        : await accessKinds[kind].restore(ofKind, target.newId, outsideOf(deps));
    entries.forEach(({ index }, place) => {
      const made = attempts[place];
      if (made === undefined) throw new Error(`restoreGrants: ${kind} answered too few attempts`);
      tried.push({ index, attempt: made });
    });
  }
  return tried;
}

async function remember(records: Records, migrationId: string, captured: number): Promise<void> {
  const results = await records.readGrantResults(migrationId);
  await records.updateMigration(migrationId, {
    access: countResults(captured, results),
    progress: progressOf('restoring', { captured, done: results.length }),
  });
}

interface Tried {
  index: number;
  attempt: Attempt;
}

function unreadable(open: readonly number[]): Tried[] {
  const attempt: Attempt = { result: 'retry', detail: 'The new guest was not readable.', afterSeconds: 2 };
  return open.map((index) => ({ index, attempt }));
}

function resultOf({ index, attempt }: Tried, lastTry: boolean): GrantRecord[] {
  if (attempt.result !== 'retry') return [{ index, result: attempt.result, detail: attempt.detail }];
  return lastTry
    ? [{ index, result: 'failed', detail: `${attempt.detail}, through all retries. Grant it by hand.` }]
    : [];
}
