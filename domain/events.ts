/**
 * Names of external events. Constants, because the host matches names without case and the orchestrator with case:
 * two spellings would lose the event without an error.
 */
export const REDEMPTION_HINT = 'redemptionHint';
