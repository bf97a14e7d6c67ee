import type { Phase } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';
import { RENEWAL_CONTROL } from './graphLifecycle';
import type { Services } from './services';
import { migrationsWith } from './unfinished';

/** What the timer does with the tenant's subscription; activities/subscription.ts knows how. */
export interface SubscriptionKeeper {
  /** Creates it, or renews it near its end or when asked to. False when there is none now. */
  ensure(renew: boolean): Promise<boolean>;
  /** Removes it, unless a migration has relied on it since about `seenAt`. True when nothing is left. */
  remove(seenAt: Date): Promise<boolean>;
}

/**
 * Phases in which nobody is waited for: those after the wait, and the wait for an approval, which may take weeks. What
 * comes to the wait asks for the subscription itself (activities/ensureSubscription.ts).
 */
const withoutWait: readonly Phase[] = [
  'awaitingApproval',
  'restoring',
  'verifyingAccess',
  'undoing',
  'needsOperator',
  'ended',
];

/**
 * One tick of tending: the subscription is there while somebody is or may soon be waited for, renewed in time or when
 * Graph asked for it, and removed when nobody is left. A request for renewal is done with once it was renewed or is
 * gone; one that comes in meanwhile is for the next tick.
 */
export async function tendSubscription({ records, clock }: Services, keeper: SubscriptionKeeper): Promise<void> {
  const seenAt = clock.now();
  const asked = (await records.readControl(RENEWAL_CONTROL)) ?? '';
  const isWaitedFor = (await migrationsWith(records, ['Running'])).some(waits);
  const isSettled = await (isWaitedFor ? keeper.ensure(asked !== '') : keeper.remove(seenAt));
  if (!isSettled || asked === '') return;
  await records.decideOnControl(RENEWAL_CONTROL, (value) => (value === asked ? '' : undefined));
}

function waits({ phase, request }: MigrationRecord): boolean {
  return !request.dryRun && !withoutWait.includes(phase);
}
