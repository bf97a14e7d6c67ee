import { RetryOptions } from 'durable-functions';

/**
 * Retries of thrown, transient failures. `retryTimeoutInMilliseconds` is never set: when it passes, durable-functions
 * leaves the orchestration running for ever (its issue 629); attempts and the longest interval bound the time.
 */
function retries(attempts: number, longestIntervalMs: number): RetryOptions {
  const options = new RetryOptions(2_000, attempts);
  options.backoffCoefficient = 2;
  options.maxRetryIntervalInMilliseconds = longestIntervalMs;
  return options;
}

/** While everything can be undone: about a quarter of an hour, then the run gives up and undoes. */
export const whileUndoable = retries(18, 60_000);

/** Where giving up would leave somebody without access: about two days. */
export const patient = retries(200, 15 * 60_000);
