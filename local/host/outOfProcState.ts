import type { OrchestratorResult } from './engine/actions';

/** The orchestrator's answer before it went through JSON: dates and undefined values are still there. */
export type OrchestratorState = object;

/** The library throws when an orchestrator fails and carries its state behind this marker in the error's message. */
const STATE_MARKER = '$OutOfProcData$:';

/**
 * Runs an orchestrator function and returns its state as it would arrive at the host, also when the orchestrator
 * failed. Any other error is thrown on.
 */
export async function outOfProcState(run: () => Promise<OrchestratorState>): Promise<OrchestratorResult> {
  try {
    return JSON.parse(JSON.stringify(await run())) as OrchestratorResult;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const at = message.indexOf(STATE_MARKER);
    if (at < 0) throw error;
    const state = JSON.parse(message.slice(at + STATE_MARKER.length)) as OrchestratorResult;
    return { ...state, error: state.error ?? 'The orchestrator failed without a message.' };
  }
}
