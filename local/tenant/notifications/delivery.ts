import { outbox, pendingNotifications, type Pending } from './outbox';
import type { Tenant } from '../tenant';

/** A delivery must be answered within three seconds, a retry within ten. */
const firstTimeoutMs = 3_000;
const retryTimeoutMs = 10_000;
const firstBackoffMs = 1_000;
const longestBackoffMs = 10 * 60_000;
const giveUpAfterMs = 4 * 60 * 60_000;

/** Sends what is due in the outbox, several notifications for one address in one request. */
export class Delivery {
  private timer: NodeJS.Timeout | undefined;
  private readonly underWay = new Set<string>();
  private closed = false;

  constructor(private readonly tenant: Tenant) {}

  /** Looks at the outbox now and again when its next entry is due. Call after every change and clock step. */
  wake(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    const waiting = pendingNotifications(this.tenant.store.primary()).filter(({ id }) => !this.underWay.has(id));
    const now = this.tenant.clock.now();
    const due = waiting.filter(({ dueAt }) => dueAt <= now);
    for (const url of new Set(due.map((one) => one.url))) {
      void this.send(
        url,
        due.filter((one) => one.url === url),
      );
    }
    const next = Math.min(...waiting.filter(({ dueAt }) => dueAt > now).map(({ dueAt }) => dueAt));
    if (next === Infinity) return;
    // setTimeout fires at once for delays beyond 2^31 ms.
    this.timer = setTimeout(() => this.wake(), Math.min(next - now, 2 ** 31 - 1));
    this.timer.unref();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async send(url: string, batch: readonly Pending[]): Promise<void> {
    for (const { id } of batch) this.underWay.add(id);
    const retry = batch.some(({ attempts }) => attempts > 0);
    const delivered = await post(
      this.tenant.send,
      url,
      { value: batch.map(({ content }) => content) },
      retry ? retryTimeoutMs : firstTimeoutMs,
    );
    for (const { id } of batch) this.underWay.delete(id);
    if (this.closed) return;
    const now = this.tenant.clock.now();
    this.tenant.store.transaction((tx) => {
      for (const one of batch) {
        const exhausted = now - one.firstDueAt > giveUpAfterMs;
        if (!tx.has(outbox, one.id)) continue;
        if (delivered || exhausted) tx.remove(outbox, one.id);
        else {
          const backoff = Math.min(firstBackoffMs * 2 ** one.attempts, longestBackoffMs);
          tx.patch(outbox, one.id, { attempts: one.attempts + 1, dueAt: now + backoff });
        }
      }
    });
  }
}

async function post(send: typeof fetch, url: string, body: unknown, timeoutMs: number): Promise<boolean> {
  try {
    const answer = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    // Unreachable or too slow: the same as a refusal, the next attempt follows.
    return false;
  }
}

/**
 * The handshake of a new subscription: the address must echo the token as plain text within ten seconds.
 * @returns the reason of the refusal, or undefined
 */
export async function validateAddress(
  send: typeof fetch,
  address: string,
  token: string,
): Promise<'timeout' | 'refused' | undefined> {
  try {
    const url = new URL(address);
    url.searchParams.set('validationToken', token);
    const answer = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    const plain = answer.headers.get('content-type')?.startsWith('text/plain') === true;
    return answer.status === 200 && plain && text === token ? undefined : 'refused';
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'refused';
  }
}
