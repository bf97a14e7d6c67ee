/**
 * Names of external events. Constants, because the host matches names without case and the orchestrator with case:
 * two spellings would lose the event without an error.
 */
export const REDEMPTION_HINT = 'redemptionHint';
/** Wakes a run that waits for its approval: somebody answered, or asked to cancel. */
export const APPROVAL_DECIDED = 'approvalDecided';
