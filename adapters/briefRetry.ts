import { retryPolicy, type Pipeline, type RetryStrategy } from '@azure/core-rest-pipeline';
import { BRIEF_RETRIES, BRIEF_SECONDS, isPassing, retryAfterSeconds } from './retryAfter';

const PAUSE_SECONDS = 1;

const readsOnly: RetryStrategy = {
  name: 'brief reads',
  retry({ response }) {
    if (response?.request.method !== 'GET' || !isPassing(response.status)) return { skipStrategy: true };
    const asked = retryAfterSeconds(response.headers.get('Retry-After')) ?? PAUSE_SECONDS;
    return asked > BRIEF_SECONDS ? { skipStrategy: true } : { retryAfterInMs: asked * 1000 };
  },
};

/**
 * Replaces the retries of an Azure SDK pipeline: reads that were throttled or met a fault are repeated twice within
 * seconds, nothing else. The SDK's default repeats writes whose answer was lost (a conditional insert then reports a
 * conflict with itself) and waits in the process for as long as the service asks.
 */
export function retryReadsBriefly(pipeline: Pipeline): void {
  pipeline.removePolicy({ phase: 'Retry' });
  pipeline.addPolicy(retryPolicy([readsOnly], { maxRetries: BRIEF_RETRIES }), { phase: 'Retry' });
}
