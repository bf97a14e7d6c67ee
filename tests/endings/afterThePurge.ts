import { sharedMailbox } from '../../local/tenant/seed/ids';
import type { AppInProcess } from '../support/appInProcess';
import { DAY_MS, GUEST, once, onlyId, PERSONAL, play, unreachable, type Scene } from '../support/ending';

const revert = { mode: 'revert', by: 'operator', comment: 'changed our minds' };
/** What an app can give to Tomas; the rest is a rule of the directory, or said to be done by hand. */
export const GIVEN = [
  'appRoles 59000000-0000-4000-8000-000000000002 a0100000-0000-4000-8000-000000000002',
  'members All Guests',
  'members Project Aurora',
  'members Supplier Portal Users',
];
/** Back with the work address, a rule on it holds again. */
export const GIVEN_BACK = [...GIVEN, 'members Östsund Guests'].sort();

export const sorted = (lines: string[]): string[] => lines.toSorted();

/** Everything arrived at the account that the guest accepted with. */
export async function expectCompleted(scene: Scene, id: string): Promise<void> {
  const row = await scene.ended(id);
  expect(row).toMatchObject({ outcome: 'completedWithGaps', status: 'Succeeded', verdict: 'personal', error: null });
  expect(row.access).toMatchObject({ failed: 0 });
  expect(sorted(await scene.access(scene.invited(id)))).toEqual(GIVEN);
}

/** Everything arrived at a work account, which holds the address that the guest had. */
export async function expectBack(scene: Scene, id: string): Promise<void> {
  const row = await scene.ended(id);
  expect(row).toMatchObject({ outcome: 'cancelled', status: 'Canceled', verdict: 'work', error: null });
  expect(row.turnedBackAt).not.toBeNull();
  expect(row.access).toMatchObject({ failed: 0 });
  expect(sorted(await scene.access(scene.invited(id)))).toEqual(GIVEN_BACK);
  const { users } = await scene.app.state();
  const mail = scene.before.users.find((user) => user.id === GUEST)?.mail;
  expect(users.find((user) => user.id === scene.invited(id))).toMatchObject({ mail, externalUserState: 'Accepted' });
  expect(users.filter((user) => user.mail === PERSONAL)).toEqual([]);
}

/** The mails of the invitation, in order: to whom. */
async function invitationsSent({ app }: Scene): Promise<unknown[]> {
  const sent = (await app.tenant.requests()).filter(
    ({ method, path, status }) => method === 'POST' && path.endsWith('/invitations') && status < 300,
  );
  return sent.map(({ requestBody }) => (requestBody as { invitedUserEmailAddress: string }).invitedUserEmailAddress);
}

/** Endings of migrations whose old guest is gone. */
export function endingsAfterThePurge(): void {
  it('completed, by the notification alone', () =>
    play({}, async (scene) => {
      const id = await scene.waiting();
      await scene.accept(id);
      await expectCompleted(scene, id);
      expect(scene.app.logLines.join()).toContain('"from":"notification"');
      expect(await invitationsSent(scene)).toEqual([PERSONAL]);
    }));

  it('completed, by the polling timer alone', () =>
    play({}, async (scene) => {
      await scene.app.tenant.control('PUT', 'settings', { dropNotifications: true });
      const id = await scene.waiting();
      await scene.accept(id);
      await expectCompleted(scene, id);
      expect(scene.app.logLines.join()).toContain('"from":"poll"');
    }));

  it('reminders are sent on their days and counted, and a repetition on request as well', () =>
    play({}, async (scene) => {
      const id = await scene.waiting({ remindAfterDays: [3, 7] });
      await scene.app.advance(2 * DAY_MS);
      expect(await invitationsSent(scene)).toHaveLength(1);
      await scene.app.advance(2 * DAY_MS);
      expect(await invitationsSent(scene)).toHaveLength(2);
      await scene.app.advance(4 * DAY_MS);
      expect(await invitationsSent(scene)).toHaveLength(3);
      expect(scene.app.row(id).invitation).toMatchObject({ remindersSent: 2, rounds: 1 });
      await scene.ask(id, 'resend', { by: 'operator' });
      await scene.app.settle();
      expect(await invitationsSent(scene)).toEqual([PERSONAL, PERSONAL, PERSONAL, PERSONAL]);
      expect(scene.app.row(id)).toMatchObject({ wish: null, invitation: { remindersSent: 2, rounds: 1 } });
      await scene.accept(id);
      await expectCompleted(scene, id);
    }));

  it('reminders through a mailbox of the tenant arrive there', () =>
    play({ settings: { invitationMail: 'mailbox', mailbox: sharedMailbox } }, async (scene) => {
      const id = await scene.waiting({ remindAfterDays: [3, 7] });
      await scene.app.advance(8 * DAY_MS);
      const mails = (await scene.app.state())['mails'] as { to: string; from?: string }[];
      expect(mails.map(({ to }) => to)).toEqual([PERSONAL, PERSONAL, PERSONAL]);
      expect(mails.every(({ from }) => from !== undefined)).toBe(true);
      expect(scene.app.row(id).invitation).toMatchObject({ remindersSent: 2 });
      await scene.accept(id);
      await expectCompleted(scene, id);
    }));

  it('expired: the invitation is revoked, and the snapshot stays', () =>
    play({}, async (scene) => {
      const id = await scene.waiting({ acceptWithinDays: 5 });
      const newId = scene.invited(id);
      await scene.app.advance(6 * DAY_MS);
      const row = await scene.ended(id);
      expect(row).toMatchObject({ outcome: 'expired', status: 'Failed', error: { code: 'not-redeemed-in-time' } });
      const { users, deletedUsers } = await scene.app.state();
      expect(users.map((user) => user.id)).not.toContain(newId);
      expect(deletedUsers.map((user) => user.id)).toContain(newId);
      expect(scene.app.documents.snapshots.has(id)).toBe(true);
      await expect(scene.app.tenant.redeem(newId, 'personal')).rejects.toThrow();
    }));

  it('not expired: the guest accepts between the last look and the removal', () => {
    const gate = once('removeInvited', 'graph.write', (app) =>
      app.tenant.redeem(app.row(onlyId(app)).guest.newId ?? '', 'personal'),
    );
    return play({ gate }, async (scene) => {
      const id = await scene.waiting({ acceptWithinDays: 5 });
      await scene.app.advance(6 * DAY_MS);
      await expectCompleted(scene, id);
      const { deletedUsers } = await scene.app.state();
      expect(deletedUsers.map((user) => user.id)).not.toContain(scene.invited(id));
    });
  });

  it('failed: the invitation is refused, and nobody is invited', () =>
    play({}, async (scene) => {
      const fault = { kind: 'status', status: 403, body: { error: { code: 'Forbidden', message: 'no' } }, times: 9 };
      await scene.app.tenant.control('PUT', 'faults', [{ method: 'POST', path: '/invitations$', ...fault }]);
      const id = await scene.start();
      expect(await scene.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'invitation-refused' } });
      // The cause is gone: another migration goes on, and invites.
      await scene.app.tenant.control('PUT', 'faults', []);
      const next = await scene.resume(id);
      await scene.to(next, 'awaitingRedemption');
      await scene.accept(next);
      await expectCompleted(scene, next);
    }));

  it('failed: somebody deletes the invited guest', () =>
    play({}, async (scene) => {
      const id = await scene.waiting();
      const newId = scene.invited(id);
      await scene.app.tenant.graph.write('DELETE', `/users/${newId}`);
      await scene.app.advance(2 * DAY_MS);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'guest-vanished' } });
    }));

  it('failed: the snapshot is not what it was, and nothing is restored from it', () =>
    play({}, async (scene) => {
      const id = await scene.waiting();
      const { snapshots } = scene.app.documents;
      const unharmed = snapshots.get(id) ?? '';
      snapshots.set(id, unharmed.replace('Aurora', 'aurora'));
      await scene.accept(id);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'snapshot-unverified' } });
      expect(await scene.access(scene.invited(id))).toEqual(['members All Guests']);
      // Whoever finds the backup of it goes on with the guest who has accepted.
      snapshots.set(id, unharmed);
      const next = await scene.resume(id);
      await expectCompleted(scene, next);
    }));

  it('failed: the directory does not say for days with which account the guest accepted', () => {
    const gate = (app: AppInProcess, actor: string, call: string): Promise<void> => {
      const [row] = app.records.migrations.values();
      const deaf = actor === 'readRedemption' && call.startsWith('graph.') && row?.phase === 'verifyingIdentity';
      return deaf ? Promise.reject(unreachable()) : Promise.resolve();
    };
    return play({ gate }, async (scene) => {
      const id = await scene.waiting();
      await scene.accept(id);
      await scene.app.advance(4 * DAY_MS);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'step-exhausted' } });
      expect(await scene.access(scene.invited(id))).toEqual(['members All Guests']);
    });
  });

  it('reverted while the guest is waited for', () =>
    play({}, async (scene) => {
      const id = await scene.waiting();
      const first = scene.invited(id);
      await scene.ask(id, 'cancel', revert);
      await scene.to(id, 'awaitingRedemption');
      const { users, deletedUsers } = await scene.app.state();
      expect(users.map((user) => user.id)).not.toContain(first);
      expect(deletedUsers.map((user) => user.id)).toContain(first);
      await scene.accept(id, 'work');
      await expectBack(scene, id);
    }));

  it('reverted, and then accepted with the personal account: invited again until it is the work account', () =>
    play({}, async (scene) => {
      const id = await scene.waiting();
      await scene.ask(id, 'cancel', revert);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'personal');
      await scene.app.until('a second round', () => scene.app.row(id).invitation?.rounds === 2);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await expectBack(scene, id);
    }));

  it.each([
    ['verifyingIdentity', 'recordPhase', 'records.decideOnMigration'],
    ['restoring', 'restoreGrants', 'graph.write'],
    ['verifyingAccess', 'verifyAccess', 'graph.readAll'],
    ['verifyingAccess', 'finishMigration', 'records.decideOnMigration'],
  ] as const)('reverted in the phase %s, at %s %s', (phase, step, call) => {
    const gate = once(
      step,
      call,
      async (app) => {
        expect((await app.request('POST', `/migrations/${onlyId(app)}/cancel`, revert)).status).toBe(202);
      },
      phase,
    );
    return play({ gate }, async (scene) => {
      const { app } = scene;
      const id = await scene.waiting();
      await scene.accept(id);
      await app.until('the way back', () => app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await expectBack(scene, id);
    });
  });

  it('reverted when the time to accept is over already, and the end is about to be written', () => {
    const gate = once('finishMigration', 'records.decideOnMigration', async (app) => {
      expect((await app.request('POST', `/migrations/${onlyId(app)}/cancel`, revert)).status).toBe(202);
    });
    return play({ gate }, async (scene) => {
      const { app } = scene;
      const id = await scene.waiting({ acceptWithinDays: 5 });
      await app.advance(6 * DAY_MS);
      await app.until('the way back', () => app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await expectBack(scene, id);
    });
  });

  it('a wish to go back that comes with the end written is refused', () =>
    play({}, async (scene) => {
      const id = await scene.waiting();
      await scene.accept(id);
      await expectCompleted(scene, id);
      expect((await scene.app.post(`/migrations/${id}/cancel`, revert)).status).toBe(409);
    }));
}
