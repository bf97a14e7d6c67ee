import { demoGuest } from '../support/demoGuest';
import { LocalStack } from '../support/localStack';

let stack: LocalStack;
beforeAll(async () => {
  stack = await LocalStack.start();
}, 90_000);
afterAll(() => stack.stop());
beforeEach(() => stack.freshTenant());

interface Conflict {
  code: string;
  migrationId: string;
}

describe('at most one active migration per guest (invariant 4)', () => {
  it('twenty simultaneous starts: one migration, nineteen 409s that name it', async () => {
    const guest = demoGuest(await stack.state());
    // By object id, user principal name and mail in turn: the lock must not depend on how the guest is called.
    const names = [guest.id, guest.upn, guest.mail, guest.id.toUpperCase()];
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, place) =>
        stack.api('POST', '/migrations', { guest: names[place % names.length], inviteEmail: guest.personal }),
      ),
    );
    const accepted = replies.filter((reply) => reply.status === 202);
    expect(accepted).toHaveLength(1);
    const { id } = accepted[0]?.json as { id: string };
    const refused = replies.filter((reply) => reply.status !== 202);
    expect(refused.map((reply) => reply.status)).toEqual(Array.from({ length: 19 }, () => 409));
    for (const reply of refused) {
      expect(reply.headers['content-type']).toContain('application/problem+json');
      expect(reply.json as Conflict).toMatchObject({ code: 'guest-already-migrating', migrationId: id });
    }
    // Of any status: the one that got through may not have taken its first step yet.
    const list = (await stack.api('GET', '/migrations')).json as { value: { id: string }[] };
    expect(list.value.map((one) => one.id)).toEqual([id]);

    const waiting = await stack.waiting(id);
    await stack.redeem(String(waiting.guest.newId));
    expect((await stack.ended(id)).status).toBe('Succeeded');
    const made = (await stack.state()).users.filter((user) => user.displayName === guest.displayName);
    expect(made).toHaveLength(1);
  });

  it('a guest is free again once its migration ended', async () => {
    const guest = demoGuest(await stack.state());
    const first = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, dryRun: true });
    await stack.ended(first.id);
    const second = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, dryRun: true });
    expect(second.id).not.toBe(first.id);
    await stack.ended(second.id);
  });

  it('the same Idempotency-Key, sent ten times at once, is one migration', async () => {
    const guest = demoGuest(await stack.state());
    const body = { guest: guest.id, inviteEmail: guest.personal, dryRun: true };
    const key = { 'idempotency-key': 'ticket-4711' };
    const replies = await Promise.all(Array.from({ length: 10 }, () => stack.api('POST', '/migrations', body, key)));
    expect(replies.map((reply) => reply.status)).toEqual(Array.from({ length: 10 }, () => 202));
    const ids = new Set(replies.map((reply) => (reply.json as { id: string }).id));
    expect(ids.size).toBe(1);
    const other = await stack.api('POST', '/migrations', { ...body, reason: 'another' }, key);
    expect(other.status).toBe(422);
    expect(other.json).toMatchObject({ code: 'idempotency-key-reused', field: 'Idempotency-Key' });
    await stack.ended(String([...ids][0]));
    const late = await stack.api('POST', '/migrations', body, key);
    expect(late.status).toBe(202);
    expect(late.json).toMatchObject({ id: [...ids][0], outcome: 'planned' });
  });
});
