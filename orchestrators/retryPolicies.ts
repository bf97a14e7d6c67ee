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

/** How long a step is tried: retries of what it throws, and for how long it may ask to be put off. */
export interface Patience {
  retries: RetryOptions;
  longestWaitSeconds: number;
}

/**
 * While everything can be undone: about a quarter of an hour of retries, then the run gives up and undoes. Nor is it
 * put off for long: a soft-deleted guest has no access, and the recycle bin is emptied after 30 days.
 */
export const whileUndoable: Patience = { retries: retries(18, 60_000), longestWaitSeconds: 2 * 60 * 60 };

/** For what is tried again later in the run anyway: a quarter of a minute of retries, and waits of two minutes. */
export const briefly: Patience = { retries: retries(4, 8_000), longestWaitSeconds: 2 * 60 };

/** Where giving up would leave somebody without access: about two days of retries, and waits as long as asked. */
export const patient: Patience = { retries: retries(200, 15 * 60_000), longestWaitSeconds: Infinity };
