import { play, DAY_MS, once, onlyId, walked } from '../support/ending';

it('completes', () => play({}, async (s) => {
  const id = await s.waiting({ remindAfterDays: [3] });
  await s.app.advance(4 * DAY_MS);
  await s.accept(id);
  console.log((await s.ended(id)).outcome, s.had, await s.access(s.invited(id)), await s.writes());
}));
it('cancel', () => play({ gate: once('softDeleteGuest', 'graph.write', (app) => app.request('POST', `/migrations/${onlyId(app)}/cancel`)) }, async (s) => {
  const id = await s.start();
  console.log((await s.ended(id)).outcome, await s.writes());
}));
it('revert', () => play({}, async (s) => {
  const id = await s.waiting();
  await s.ask(id, 'cancel', {mode:'revert'});
  await s.to(id, 'awaitingRedemption');
  await s.accept(id, 'work');
  console.log((await s.ended(id)).outcome, await s.writes(), await s.access(s.invited(id)));
}));
it('expired resumed', () => play({}, async (s) => {
  const id = await s.waiting();
  await s.app.advance(31 * DAY_MS);
  console.log((await s.ended(id)).outcome);
  const second = await s.resume(id);
  await s.to(second, 'awaitingRedemption');
  await s.accept(second);
  console.log((await s.ended(second)).outcome, await s.writes(), await s.access(s.invited(id)), walked);
}));
