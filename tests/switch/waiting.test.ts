import { historyRowsOn, subscriptionCalls, watchCosts } from '../support/waitingCosts';

/*
 * What a wait costs, as npm run benchmark:waiting prints it, held to bounds.
 */

it.each([
  { day: 1, looks: 150, requests: 90 },
  { day: 2, looks: 24, requests: 20 },
  { day: 8, looks: 12, requests: 11 },
])('day $day: $looks looks at each of 20 guests at most, batched, never two in a minute', async (bounds) => {
  const costs = await watchCosts(20, bounds.day);
  const { looks, requests, units, mostInAMinute } = costs;
  expect(looks / 20).toBeLessThanOrEqual(bounds.looks);
  expect(looks / 20).toBeGreaterThan(bounds.looks - 2);
  expect(units).toBe(looks);
  expect(requests / 20).toBeLessThanOrEqual(bounds.requests);
  expect(mostInAMinute).toBe(1);
});

it('the durable history grows by a few rows a day, on every day alike', async () => {
  const rows = await historyRowsOn([1, 2, 7]);
  expect(Math.max(...rows)).toBeLessThanOrEqual(10);
  expect(new Set(rows).size).toBe(1);
});

it('the subscription takes one look an hour, and no write but its creation and its removal', async () => {
  const { 'GET 200': looks = 0, ...writes } = await subscriptionCalls(2);
  expect(looks).toBeLessThanOrEqual(48);
  expect(looks).toBeGreaterThan(40);
  expect(writes).toEqual({ 'POST 201': 1, 'DELETE 204': 1 });
});
