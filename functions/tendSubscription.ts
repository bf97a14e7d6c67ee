import type { Phase } from '../domain/phases';
import { DUE, RENEWAL_CONTROL } from './graphLifecycle';
import type { Services } from './services';
import { migrationsWith } from './unfinished';

/** What the timer does with the tenant's subscription; activities/ensureSubscription.ts knows how. */
export interface SubscriptionKeeper {
  /** Creates it, or renews it near its end or when asked to. False when Graph did not let us. */
  ensure(renew: boolean): Promise<boolean>;
  remove(): Promise<void>;
}

/** Phases after the wait. Everything earlier may come to wait within seconds, and finds the subscription there. */
const pastTheWait: readonly Phase[] = ['restoring', 'verifyingAccess', 'undoing', 'needsOperator', 'ended'];

/**
 * One tick of tending: the subscription is there while somebody is or may soon be waited for, renewed in time or when
 * Graph asked for it, and removed when nobody is left.
 */
export async function tendSubscription({ records }: Services, keeper: SubscriptionKeeper): Promise<void> {
  const waitedFor = (await migrationsWith(records, ['Running'])).some(({ phase }) => !pastTheWait.includes(phase));
  const renew = (await records.readControl(RENEWAL_CONTROL)) === DUE;
  if (waitedFor) {
    if (!(await keeper.ensure(renew))) return;
  } else {
    await keeper.remove();
  }
  if (renew) await records.writeControl(RENEWAL_CONTROL, '');
}
