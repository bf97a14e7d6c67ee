import type { z } from 'zod';
import { createHost, EventType, virtualClock, type HistoryEvent, type Host } from '../../local/host';
import { createFunctionTable } from '../../local/host';
import type { OrchestrationHandler } from 'durable-functions';
import { APPROVAL_DECIDED, REDEMPTION_HINT } from '../../domain/events';
import {
  steps,
  SWITCH_GUEST,
  switchInputSchema,
  type StepInput,
  type StepName,
  type StepOutcome,
  type StepOutput,
  type SwitchInput,
} from '../../domain/steps';
import { switchGuest } from '../../orchestrators/switchGuest';

export const RUN_ID = 'm-scripted';
export const OLD_ID = '01d00000-0000-4000-8000-000000000001';
export const NEW_ID = '0e000000-0000-4000-8000-000000000002';
export const SNAPSHOT_HASH = 'ab'.repeat(32);
export const START = '2026-03-01T08:00:00.000Z';
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** One call of a step as the engine made it: with the virtual time, in milliseconds since the run began. */
export interface StepCall<N extends StepName = StepName> {
  name: N;
  input: z.output<(typeof steps)[N]['input']>;
  atMs: number;
}

/**
 * What a step answers: a value of its contract, one of the other two outcomes, or a thrown error. `nth` counts the
 * calls of this step from 1.
 */
export type Script = {
  [N in StepName]: (
    input: StepInput<N>,
    nth: number,
  ) => StepOutcome<StepOutput<N>> | Promise<StepOutcome<StepOutput<N>>>;
};

/** A run of the real orchestrator over scripted steps, on the embedded engine with virtual time. */
export interface ScriptedRun {
  host: Host;
  calls: StepCall[];
  /** Calls of one step. */
  of<N extends StepName>(name: N): StepCall<N>[];
  /** Steps in the order they were called; phases stand as `phase:<name>`. */
  story(): string[];
  hint(): void;
  /** What approve, reject and cancel raise. */
  signal(): void;
  advance(ms: number): Promise<void>;
  /** Lets everything happen, day by day, until the run has ended. Throws after `days`. */
  finish(days?: number): Promise<unknown>;
  history(): HistoryEvent[];
  hasEnded(): boolean;
}

export function done<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}
export function notNow(afterSeconds: number): { ok: false; afterSeconds: number } {
  return { ok: false, afterSeconds };
}
export function broken(code: Extract<StepOutcome<never>, { failure: unknown }>['failure']['code']): StepOutcome<never> {
  return { ok: false, failure: { code, detail: 'as scripted' } };
}

/** Every step succeeds, and the guest accepts with a personal account at once; `chunks` covers three waves. */
export function happyScript(): Script {
  return {
    preflight: () => done({ guestId: OLD_ID, failedChecks: [] }),
    captureAccess: () =>
      done({
        snapshotHash: SNAPSHOT_HASH,
        grants: 5,
        chunks: [
          { wave: 0, from: 0, to: 2 },
          { wave: 1, from: 2, to: 3 },
          { wave: 1, from: 3, to: 4 },
          { wave: 2, from: 4, to: 5 },
        ],
      }),
    readApproval: () => done({ decision: 'approved', cancelRequested: false }),
    confirmAccess: () => done({ added: 0, gone: 0, changed: 0, account: 'same' }),
    softDeleteGuest: () => done({}),
    claimPurge: () => done({ claimed: true }),
    purgeGuest: () => done({}),
    undeleteGuest: () => done({ guest: 'present' }),
    ensureSubscription: () => done({ active: true }),
    inviteGuest: () => done({ newId: NEW_ID }),
    rewriteConditionalAccess: () => done({ retry: false, afterSeconds: 0 }),
    readRedemption: () => done({ state: 'accepted', verdict: 'personal' }),
    restoreGrants: () => done({ retry: [], afterSeconds: 0 }),
    verifyAccess: () => done({ settled: true, failed: 0, manual: 0 }),
    continueMigration: () =>
      done({
        failedChecks: [],
        plan: {
          guestId: OLD_ID,
          snapshotHash: SNAPSHOT_HASH,
          grants: 1,
          chunks: [{ wave: 0, from: 0, to: 1 }],
          strategy: 'recreate',
          back: false,
        },
        invited: null,
      }),
    inviteAgain: () => done({ invitation: 'sent' }),
    removeInvited: () => done({ invited: 'removed' }),
    turnBack: () => done({ newId: null }),
    removeRoles: () => done({ retry: false, afterSeconds: 0 }),
    resetGuest: () => done({ newId: OLD_ID }),
    giveBackRoles: () => done({ retry: false, afterSeconds: 0 }),
    recordPhase: () => done({ cancelRequested: false }),
    finishMigration: () => done({}),
  };
}

const open: Host[] = [];

/** Ends the hosts of all runs; to be called after each test. */
export async function closeRuns(): Promise<void> {
  await Promise.all(open.splice(0).map((host) => host.close()));
}

/** Starts a run; `script` replaces steps of the happy one. Every input is checked against the step's contract. */
export async function startRun(script: Partial<Script> = {}, change: Partial<SwitchInput> = {}): Promise<ScriptedRun> {
  const calls: StepCall[] = [];
  const clock = virtualClock(START);
  const begin = clock.now();
  const activities = scripted({ ...happyScript(), ...script }, calls, () => clock.now() - begin);
  const orchestrators = { [SWITCH_GUEST]: switchGuest as OrchestrationHandler };
  const host = createHost({ functions: createFunctionTable({ orchestrators, activities }), clock });
  open.push(host);
  const input = { migrationId: RUN_ID, dryRun: false, acceptWithinDays: 30, parallelRestores: 4, ...change };
  host.engine.start(SWITCH_GUEST, { instanceId: RUN_ID, input: switchInputSchema.parse(input) });
  await host.engine.settle();
  const hasEnded = () => !['Pending', 'Running'].includes(host.engine.status(RUN_ID)?.runtimeStatus ?? 'Pending');
  return {
    host,
    calls,
    of: <N extends StepName>(name: N) => calls.filter((call) => call.name === name) as unknown as StepCall<N>[],
    story: () => calls.map(nameInStory),
    hint: () => host.engine.raiseEvent(RUN_ID, REDEMPTION_HINT, {}),
    signal: () => host.engine.raiseEvent(RUN_ID, APPROVAL_DECIDED, null),
    advance: (ms) => host.advance(ms),
    finish: async (days = 100) => {
      for (let day = 0; day < days && !hasEnded(); day += 1) await host.advance(DAY_MS);
      if (!hasEnded()) throw new Error(`The run has not ended after ${days} days.`);
      const status = host.engine.status(RUN_ID);
      if (status?.runtimeStatus !== 'Completed') throw new Error(`The run is ${status?.runtimeStatus ?? 'unknown'}.`);
      return status.output;
    },
    history: () => host.engine.history(RUN_ID),
    hasEnded,
  };
}

function scripted(script: Script, calls: StepCall[], nowMs: () => number): Record<string, (raw: unknown) => unknown> {
  const names = Object.keys(script) as StepName[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      (raw: unknown) => {
        const input = steps[name].input.parse(raw);
        calls.push({ name, input, atMs: nowMs() });
        const nth = calls.filter((call) => call.name === name).length;
        return (script[name] as (input: unknown, nth: number) => unknown)(input, nth);
      },
    ]),
  );
}

function nameInStory({ name, input }: StepCall): string {
  return name === 'recordPhase' && 'phase' in input ? `phase:${input.phase}` : name;
}

/** Lengths of all timers of a history, in milliseconds, in the order they were made. */
export function timerLengths(history: readonly HistoryEvent[]): number[] {
  return history
    .filter((event) => event.EventType === EventType.TimerCreated)
    .map((event) => Date.parse(event.FireAt ?? '') - Date.parse(event.Timestamp));
}

/** How the run ended, as it was written down: outcome, code and the number of times. */
export function endingOf(run: ScriptedRun): { outcome: string; code: string | null; times: number } {
  const endings = run.of('finishMigration');
  const last = endings.at(-1);
  if (last === undefined) throw new Error('The run did not write an end.');
  return { outcome: last.input.outcome, code: last.input.error?.code ?? null, times: endings.length };
}
