/**
 * Records histories of the present orchestrator at every point where a running migration may meet a deployment:
 * tests/replay replays them against the code of later versions. What was recorded is never replaced: histories are facts.
 * A version that is not released yet may get further points. From the project root, with Node 24:
 *
 *     tsc -p tsconfig.json --noEmit false --outDir dist/recorder
 *     node dist/recorder/tests/support/recordHistories.js tests/replay/histories/<version>
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventType, type HistoryEvent } from '../../local/host';
import type { StepName } from '../../domain/steps';
import { attendedRecordings } from './attendedRecordings';
import { broken, closeRuns, DAY_MS, done, notNow, startRun, type Script, type ScriptedRun } from './scriptedRun';

const pending = done({ state: 'pending', verdict: null } as const);
const HOUR_MS = DAY_MS / 24;

/** Brings a run to a point and returns what is stored there. */
type Recording = () => Promise<HistoryEvent[]>;

/** Every recorded point, by the name of its file. Names that begin with `ended` are runs that have ended. */
export const recordings: Record<string, Recording> = {
  afterPreflight: async () => afterStep(await startRun(), 'preflight'),
  midCapture: async () => stored(await startRun({ captureAccess: away })),
  afterCapture: async () => afterStep(await startRun(), 'captureAccess'),
  afterSoftDelete: async () => afterStep(await startRun(), 'softDeleteGuest'),
  beforePurge: async () => stored(await startRun({ purgeGuest: () => notNow(60) })),
  afterPurge: async () => afterStep(await startRun(), 'purgeGuest'),
  undoing: async () =>
    stored(await startRun({ purgeGuest: () => broken('purge-refused'), undeleteGuest: () => notNow(60) })),
  beforeInvitation: async () => stored(await startRun({ inviteGuest: () => notNow(60) })),
  rewritingPolicies: async () =>
    stored(
      await startRun(
        { rewriteConditionalAccess: () => done({ retry: true, afterSeconds: 0 }) },
        { rewriteConditionalAccess: true },
      ),
    ),
  awaitingRedemptionDay0: () => waiting(HOUR_MS),
  awaitingRedemptionDay4: () => waiting(4 * DAY_MS + HOUR_MS),
  awaitingRedemptionDay29: () => waiting(29 * DAY_MS + HOUR_MS),
  afterHint: async () => {
    const run = await startRun({ readRedemption: () => pending });
    await run.advance(HOUR_MS);
    run.hint();
    run.hint();
    await run.advance(1000);
    return stored(run);
  },
  verifyingIdentity: async () =>
    stored(await startRun({ readRedemption: () => done({ state: 'accepted', verdict: 'unknown' }) })),
  restoringRetry: async () =>
    stored(await startRun({ restoreGrants: ({ indexes }) => done({ retry: indexes, afterSeconds: 0 }) })),
  restoringLastTry: async () => {
    const restoreGrants: Script['restoreGrants'] = ({ indexes, lastTry }) =>
      lastTry ? notNow(7200) : done({ retry: indexes, afterSeconds: 0 });
    const run = await startRun({ restoreGrants });
    await run.advance(HOUR_MS);
    return stored(run);
  },
  verifyingAccess: async () =>
    stored(await startRun({ verifyAccess: () => done({ settled: false, failed: 0, manual: 0 }) })),
  endedCompleted: () => ended({}),
  endedCompletedAfterHint: async () => {
    const run = await startRun({
      readRedemption: (_input, nth) => (nth <= 5 ? pending : done({ state: 'accepted', verdict: 'personal' })),
    });
    await run.advance(2 * DAY_MS + HOUR_MS);
    run.hint();
    await run.finish();
    return stored(run);
  },
  endedCompletedWithGaps: () => ended({ verifyAccess: () => done({ settled: true, failed: 1, manual: 2 }) }),
  endedPlanned: async () => {
    const run = await startRun({}, { dryRun: true });
    await run.finish();
    return stored(run);
  },
  endedRejected: () => ended({ preflight: () => done({ guestId: null, failedChecks: ['guest-exists'] }) }),
  endedCancelled: () => ended({ claimPurge: () => done({ claimed: false }) }),
  endedExpired: () => ended({ readRedemption: () => pending }),
  endedPurgeRefused: () => ended({ purgeGuest: () => broken('purge-refused') }),
  endedUndoFailed: () =>
    ended({ purgeGuest: () => broken('purge-refused'), undeleteGuest: () => broken('undo-failed') }),
  ...attendedRecordings,
  endedWrongIdentity: () => ended({ readRedemption: () => done({ state: 'accepted', verdict: 'work' }) }),
};

function stored(run: ScriptedRun): HistoryEvent[] {
  return run.history();
}

async function waiting(ms: number): Promise<HistoryEvent[]> {
  const run = await startRun({ readRedemption: () => pending });
  await run.advance(ms);
  return stored(run);
}

async function ended(script: Partial<Script>): Promise<HistoryEvent[]> {
  const run = await startRun(script);
  await run.finish();
  return stored(run);
}

/** What is stored once the run has taken in the answer of a step, while the call that follows is under way. */
function afterStep(run: ScriptedRun, name: StepName): HistoryEvent[] {
  const history = run.history();
  const scheduled = history.find((event) => event.EventType === EventType.TaskScheduled && event.Name === name);
  const answer = history.findIndex(
    (event) => event.EventType === EventType.TaskCompleted && event.TaskScheduledId === scheduled?.EventId,
  );
  const end = history.findIndex((event, at) => at > answer && event.EventType === EventType.OrchestratorCompleted);
  if (answer < 0 || end < 0) throw new Error(`The run has no answer of ${name}.`);
  return history.slice(0, end + 1);
}

function away(): never {
  const error = new Error('away');
  // A recorded history must not hold the paths of the machine that recorded it.
  error.stack = 'Error: away';
  throw error;
}

async function record(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [point, recording] of Object.entries(recordings)) {
    const file = join(folder, `${point}.json`);
    if (existsSync(file)) continue;
    writeFileSync(file, `${JSON.stringify(await recording(), null, 1)}\n`);
    await closeRuns();
  }
}

if (require.main === module) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Name the folder to record into.');
  record(folder).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
