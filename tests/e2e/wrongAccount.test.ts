import type { Migration } from '../../domain/migration';
import { demoGuest, fewKinds } from '../support/demoGuest';
import { LocalStack } from '../support/localStack';
import { isWrite } from '../support/requestLog';
import { accessOf } from '../support/tenantView';

let stack: LocalStack;
beforeAll(async () => {
  stack = await LocalStack.start();
}, 90_000);
afterAll(() => stack.stop());
beforeEach(() => stack.freshTenant());

/** Starts the switch of the demo guest and waits until the guest is invited. */
async function invited(): Promise<{ id: string; newId: string; oldId: string }> {
  const guest = demoGuest(await stack.state());
  const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
  const waiting = await stack.waiting(id);
  return { id, newId: String(waiting.guest.newId), oldId: guest.id };
}

/** The guest accepts; resolves when the run has made something of it. */
async function accept(id: string, newId: string, account: string): Promise<Migration> {
  const before = (await stack.migration(id)).invitation?.rounds ?? 0;
  await stack.redeem(newId, account);
  return stack.follow(
    id,
    ({ phase, invitation }) =>
      phase === 'needsOperator' ||
      phase === 'ended' ||
      (phase === 'awaitingRedemption' && (invitation?.rounds ?? 0) > before),
  );
}

/** Writes of the app that give or take access. */
async function accessWrites(oldId: string): Promise<string[]> {
  const harmless = [
    /\/(invitations|subscriptions.*)$/,
    new RegExp(`/users/${oldId}$`),
    new RegExp(`/deletedItems/${oldId}$`),
  ];
  return (await stack.requests())
    .filter((one) => isWrite(one) && !harmless.some((path) => path.test(one.path)))
    .map(({ method, path }) => `${method} ${path}`);
}

describe('no restore before the identity verdict is personal (invariant 2)', () => {
  it('a guest who picks one wrong account after the other is invited again; only the right one gets access', async () => {
    const { id, newId, oldId } = await invited();
    for (const account of ['work', 'google']) {
      const again = await accept(id, newId, account);
      expect(again).toMatchObject({ phase: 'awaitingRedemption', access: { restored: 0, alreadyPresent: 0 } });
      expect(await accessWrites(oldId)).toEqual([]);
    }
    await stack.redeem(newId, 'personal');
    const ended = await stack.ended(id);
    expect(ended).toMatchObject({ status: 'Succeeded', error: null, invitation: { rounds: 3 } });
    expect(ended.access.restored).toBeGreaterThan(5);
  });

  it('after the last round an operator decides: nothing was restored, and the guest can get the old identity back', async () => {
    const { id, newId, oldId } = await invited();
    for (const account of ['emailCode', 'federated']) await accept(id, newId, account);
    const asked = await accept(id, newId, 'work');
    expect(asked).toMatchObject({ status: 'Running', phase: 'needsOperator', outcome: null });
    expect(asked.checks.filter(({ ok }) => !ok).map((row) => row.id)).toContain('accepted-with-wrong-account');
    expect(await accessWrites(oldId)).toEqual([]);

    const reply = await stack.api('POST', `/migrations/${id}/cancel`, { mode: 'revert', by: 'the operator' });
    expect(reply.status).toBe(202);
    const back = await stack.follow(id, ({ phase, guest }) => phase === 'awaitingRedemption' && guest.newId !== newId);
    await stack.redeem(String(back.guest.newId), 'work');
    const ended = await stack.ended(id);
    expect(ended).toMatchObject({ status: 'Canceled', outcome: 'cancelled', error: null, access: { failed: 0 } });
    const state = await stack.state();
    expect(accessOf(state, String(ended.guest.newId)).length).toBeGreaterThan(5);
  });

  it('an operator ends it: the snapshot is kept, the guest is free, and another migration goes on from there', async () => {
    const { id, newId } = await invited();
    for (const account of ['work', 'work', 'work']) await accept(id, newId, account);
    expect((await stack.api('POST', `/migrations/${id}/cancel`)).status).toBe(202);
    const stopped = await stack.ended(id);
    expect(stopped).toMatchObject({ outcome: 'cancelled', access: { restored: 0, alreadyPresent: 0, failed: 0 } });
    const report = (await stack.api('GET', `/migrations/${id}/report`)).json as { grants: { result: string }[] };
    expect(new Set(report.grants.map((grant) => grant.result))).toEqual(new Set(['planned']));

    const resumed = await stack.api('POST', `/migrations/${id}/resume`, { by: 'the operator' });
    expect(resumed.status).toBe(202);
    const next = resumed.json as Migration;
    expect(next).toMatchObject({ resumes: id });
    expect(await stack.migration(id)).toMatchObject({ resumedBy: next.id });
    await stack.waiting(next.id);
    await stack.redeem(newId, 'personal');
    const ended = await stack.ended(next.id);
    expect(ended).toMatchObject({ status: 'Succeeded', error: null, guest: { newId } });
    expect(ended.access.restored).toBeGreaterThan(5);
  });
});
