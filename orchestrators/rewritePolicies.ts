import { briefly } from './retryPolicies';
import type { Durable, Run } from './run';
import { pause, step } from './steps';
import { Stop } from './stop';

/** Pauses between tries of policies that are not changed yet: about two minutes in all. */
const TRY_AGAIN_SECONDS = [2, 4, 8, 16, 30, 60] as const;

/**
 * Has the Conditional Access policies rewritten before the guest can sign in, where the tenant allows that. It never
 * ends the run: what is not done by then is tried again in the restore phase, and the guest is not kept waiting.
 */
export function* rewritePolicies(run: Run, guest: { newId: string; snapshotHash: string }): Durable<void> {
  if (run.rewriteConditionalAccess !== true) return;
  const input = { migrationId: run.migrationId, ...guest };
  try {
    for (const seconds of TRY_AGAIN_SECONDS) {
      const { retry, afterSeconds } = yield* step(run, 'rewriteConditionalAccess', input, briefly);
      if (!retry) return;
      yield* pause(run, Math.max(seconds, afterSeconds));
    }
    yield* step(run, 'rewriteConditionalAccess', input, briefly);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
}
