import { demoGuest } from '../support/demoGuest';
import { LocalStack, onlyReads } from '../support/localStack';
import { accessOf } from '../support/tenantView';

let stack: LocalStack;
beforeAll(async () => {
  stack = await LocalStack.start();
}, 90_000);
afterAll(() => stack.stop());
beforeEach(() => stack.freshTenant());

describe('no restore before the identity verdict is personal (invariant 2)', () => {
  it.each(['work', 'emailCode', 'google', 'federated'])('redeemed with %s: nothing is restored', async (account) => {
    const guest = demoGuest(await stack.state());
    const ended = await stack.switchGuest({ guest: guest.id, inviteEmail: guest.personal }, account);

    expect(ended).toMatchObject({
      status: 'Failed',
      outcome: 'failed',
      error: { code: 'wrong-identity' },
      access: { restored: 0, alreadyPresent: 0, failed: 0 },
    });
    const state = await stack.state();
    // What every guest gets by rule is all that the new guest has.
    const dynamic = state.groups
      .filter((group) => JSON.stringify(group['groupTypes']).includes('DynamicMembership'))
      .map((group) => `members ${group.displayName}`);
    const unexpected = accessOf(state, String(ended.guest.newId)).filter((line) => !dynamic.includes(line));
    expect(unexpected).toEqual([]);
    const writes = (await stack.requests()).filter(
      (one) => !onlyReads(one) && !/\/(invitations|subscriptions.*)$/.test(one.path),
    );
    expect(writes.map((one) => `${one.method} ${one.path}`)).toEqual([
      `DELETE /v1.0/users/${guest.id}`,
      `DELETE /v1.0/directory/deletedItems/${guest.id}`,
    ]);
  });

  it('keeps the snapshot, and the report still lists every grant', async () => {
    const guest = demoGuest(await stack.state());
    const ended = await stack.switchGuest({ guest: guest.id, inviteEmail: guest.personal }, 'work');
    const report = (await stack.api('GET', `/migrations/${ended.id}/report`)).json as { grants: { result: string }[] };
    expect(report.grants).toHaveLength(ended.access.captured);
    expect(new Set(report.grants.map((grant) => grant.result))).toEqual(new Set(['planned']));
  });

  it('frees the guest for another migration', async () => {
    const guest = demoGuest(await stack.state());
    const first = await stack.switchGuest({ guest: guest.id, inviteEmail: guest.personal }, 'work');
    const again = await stack.api('POST', '/migrations', {
      guest: first.guest.newId,
      inviteEmail: guest.personal,
      dryRun: true,
    });
    expect(again.status).toBe(202);
    await stack.ended((again.json as { id: string }).id);
  });
});
