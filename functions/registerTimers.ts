import { app, type InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { deliverCallbacks } from './deliverCallbacks';
import { markStuckMigrations } from './markStuckMigrations';
import type { Services } from './services';
import { sweepMigrations } from './sweepMigrations';
import { tendSubscription, type SubscriptionKeeper } from './tendSubscription';
import { watchRedemptions } from './watchRedemptions';

/** Registers the timers. Schedules have seconds first; they are apart so that the ticks do not meet. */
export function registerTimers(
  servicesOf: (context: InvocationContext) => Services,
  keeperOf: (context: InvocationContext) => SubscriptionKeeper,
): void {
  const timer = (name: string, schedule: string, tick: (context: InvocationContext) => Promise<void>) => {
    app.timer(name, {
      schedule,
      extraInputs: [df.input.durableClient()],
      handler: (_timer, context) => tick(context),
    });
  };
  timer('watchRedemptions', '0 * * * * *', (context) => watchRedemptions(servicesOf(context)));
  timer('sweepMigrations', '15 * * * * *', (context) => sweepMigrations(servicesOf(context)));
  timer('deliverCallbacks', '55 * * * * *', (context) => deliverCallbacks(servicesOf(context)));
  timer('tendSubscription', '30 */5 * * * *', (context) => tendSubscription(servicesOf(context), keeperOf(context)));
  timer('markStuckMigrations', '45 */5 * * * *', (context) => markStuckMigrations(servicesOf(context)));
}
