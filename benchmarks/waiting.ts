import { pollStages } from '../domain/polling';
import { historyRowsOn, subscriptionCalls, watchCosts } from '../tests/support/waitingCosts';

/*
 * What it costs to wait for guests: reads of Graph, their requests and resource units, rows of the durable history.
 * Counts of the app's own code against the simulated tenant with virtual time, no measured times.
 *
 *     npm run benchmark:waiting [-- POLL_MINUTES]
 */

const DAYS = [1, 2, 7, 30];
const WAITING = [1, 100, 1000];
const SUBSCRIPTION_DAYS = 30;

const line = (cells: readonly (string | number)[]): string => cells.map((cell) => String(cell).padStart(15)).join('');

async function main(pollMinutes: number): Promise<void> {
  const ages = ['the invitation', '30 minutes', '6 hours', '1 day', '7 days'];
  console.log(`A look at a waiting guest at least every … minutes (POLL_MINUTES = ${pollMinutes})\n`);
  for (const [index, { everyMinutes }] of pollStages(pollMinutes).entries()) {
    console.log(`  from ${(ages[index] ?? '').padEnd(16)}${everyMinutes}`);
  }

  console.log(
    '\nPer waiting guest and day, all invited at the same moment; busiest = looks in one minute at all guests\n',
  );
  console.log(line(['waiting', 'day', 'looks', 'requests', 'units', 'looks/request', 'busiest']));
  for (const waiting of WAITING) {
    for (const day of DAYS) {
      const costs = await watchCosts(waiting, day, pollMinutes);
      const each = (total: number): string => (total / waiting).toFixed(1);
      const { looks, requests, units, busiestMinute } = costs;
      const cells = [each(looks), each(requests), each(units), (looks / requests).toFixed(1), busiestMinute];
      console.log(line([waiting, day, ...cells]));
    }
  }

  console.log('\nRows of the durable history per waiting migration and day; one look of its own belongs to each day\n');
  const rows = await historyRowsOn(DAYS);
  for (const [index, day] of DAYS.entries()) console.log(line([`day ${day}`, rows[index] ?? '-']));

  console.log(`\nCalls for the subscription in ${SUBSCRIPTION_DAYS} days, however many wait\n`);
  const calls = Object.entries(await subscriptionCalls(SUBSCRIPTION_DAYS));
  for (const [call, count] of calls) console.log(line([call, count]));
}

main(Number(process.argv[2] ?? 120)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
