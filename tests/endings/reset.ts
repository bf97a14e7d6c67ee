import { expectCompleted } from './afterThePurge';
import { fewKinds } from '../support/demoGuest';
import { DAY_MS, GUEST, HOUR_MS, once, onlyId, PERSONAL, play, type Scene } from '../support/ending';

/** Roles have to be read: an app must not reset their holders. */
const skipAccess = fewKinds.skipAccess.filter((kind) => kind !== 'pimDirectoryRole');
const reset = { strategy: 'reset', skipAccess };
const READERS = '88d8e3e3-8f55-4a1e-953a-9b9898b8876b';

/** Gives the guest a directory role, which keeps an app from resetting the redemption. */
async function giveRole(scene: Scene): Promise<void> {
  const give = (state: Scene['before']): void => {
    state.roleAssignments.push({
      id: 'role-of-tomas',
      principalId: GUEST,
      roleDefinitionId: READERS,
      directoryScopeId: '/',
    });
  };
  await scene.app.tenant.change(give);
  Object.assign(scene.before, await scene.app.state());
  scene.had.splice(0, scene.had.length, ...(await scene.access(GUEST)));
  await scene.app.tenant.control('DELETE', 'requests');
}

/** The same account, with everything it had. */
async function expectReset(scene: Scene, id: string, identity: string, outcome: RegExp): Promise<void> {
  const row = await scene.ended(id);
  expect(row.outcome).toMatch(outcome);
  expect(row.guest).toMatchObject({ oldId: GUEST, newId: GUEST });
  const user = (await scene.app.state()).users.find((one) => one.id === GUEST);
  expect(JSON.stringify(user?.identities)).toContain(identity);
  // What only goes by the mail address may differ; nothing else does.
  expect(await scene.access(GUEST)).toEqual(scene.had);
  expect((await scene.writes()).filter((write) => write.startsWith('DELETE /v1.0/users'))).toEqual([]);
}

/** Has the next invitation refused, as a replica does that lags. */
async function refuseOnce({ app }: Scene, status: number, message: string): Promise<void> {
  const body = { error: { code: status === 403 ? 'Forbidden' : 'BadRequest', message } };
  const fault = { method: 'POST', path: '^/v1.0/invitations$', times: 1, kind: 'status', status, body };
  await app.tenant.control('PUT', 'faults', [fault]);
}

/** Endings of the strategy that deletes nothing. */
export function endingsOfReset(): void {
  it.each([false, true])('completed; with a directory role: %s', (withRole) =>
    play({}, async (scene) => {
      if (withRole) await giveRole(scene);
      const id = await scene.waiting(reset);
      if (withRole) expect((await scene.access(GUEST)).join()).not.toContain(READERS);
      await scene.accept(id);
      await expectReset(scene, id, 'MicrosoftAccount', /^completed/);
    }),
  );

  it('approved first', () =>
    play({}, async (scene) => {
      const id = await scene.start({ ...reset, approval: true });
      await scene.to(id, 'awaitingApproval');
      await scene.ask(id, 'approve', { by: 'somebody' });
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id);
      await expectReset(scene, id, 'MicrosoftAccount', /^completed/);
    }));

  it('cancelled before the reset: the roles come back', () => {
    const gate = once('claimPurge', 'records.decideOnMigration', (app) =>
      app.request('POST', `/migrations/${onlyId(app)}/cancel`),
    );
    return play({ gate }, async (scene) => {
      await giveRole(scene);
      const id = await scene.start(reset);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'cancelled', resetAttemptedAt: null });
      expect(await scene.access(GUEST)).toEqual(scene.had);
    });
  });

  it('refused by the directory: the roles come back', () =>
    play({}, async (scene) => {
      await giveRole(scene);
      const fault = { kind: 'status', status: 403, body: { error: { code: 'Forbidden', message: 'no' } }, times: 200 };
      await scene.app.tenant.control('PUT', 'faults', [{ method: 'POST', path: '/invitations$', ...fault }]);
      const id = await scene.start(reset);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'reset-refused' } });
      expect(await scene.access(GUEST)).toEqual(scene.had);
    }));

  it('refused by a directory whose replicas lag: the address that was added is taken off', () =>
    play({}, async (scene) => {
      const oldest = jest.spyOn(Math, 'random').mockReturnValue(0.999);
      try {
        await scene.app.tenant.control('PUT', 'settings', { replicationMs: 4_000 });
        const fault = { kind: 'status', status: 403, body: { error: { code: 'Forbidden', message: 'no' } }, times: 9 };
        await scene.app.tenant.control('PUT', 'faults', [{ method: 'POST', path: '/invitations$', ...fault }]);
        const id = await scene.start(reset);
        expect(await scene.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'reset-refused' } });
        const { users } = await scene.app.state();
        expect(JSON.stringify(users)).not.toContain(PERSONAL);
      } finally {
        oldest.mockRestore();
      }
    }));

  it('expired: nobody can accept any more, and another migration can go on', () =>
    play({}, async (scene) => {
      const id = await scene.waiting({ ...reset, acceptWithinDays: 3 });
      await scene.app.advance(4 * DAY_MS);
      expect((await scene.ended(id)).outcome).toBe('expired');
      const next = await scene.resume(id);
      await scene.to(next, 'awaitingRedemption');
      await scene.accept(next);
      await expectReset(scene, next, 'MicrosoftAccount', /^completed/);
    }));

  it.each([false, true])('reverted; with a directory role: %s', (withRole) =>
    play({}, async (scene) => {
      if (withRole) await giveRole(scene);
      const id = await scene.waiting(reset);
      await scene.ask(id, 'cancel', { mode: 'revert' });
      await scene.app.until('the way back', () => scene.app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await expectReset(scene, id, 'ExternalAzureAD', /^cancelled$/);
    }),
  );

  it('reverted days later, and refused once because of a role of a moment ago: it is tried again', () =>
    play({}, async (scene) => {
      await giveRole(scene);
      const id = await scene.waiting(reset);
      await scene.app.advance(3 * DAY_MS);
      await refuseOnce(scene, 403, 'Generic authorization exception.');
      await scene.ask(id, 'cancel', { mode: 'revert' });
      await scene.app.until('the way back', () => scene.app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await expectReset(scene, id, 'ExternalAzureAD', /^cancelled$/);
    }));

  it('resumed with an address that the directory does not show yet: it is tried again', () =>
    play({}, async (scene) => {
      const id = await scene.waiting({ ...reset, acceptWithinDays: 3 });
      await scene.app.advance(4 * DAY_MS);
      await scene.ended(id);
      await refuseOnce(
        scene,
        400,
        "The email you're using to invite this user doesn't match any emails on the user object.",
      );
      const next = await scene.resume(id, { inviteEmail: 'the.guest.again@outlook.example' });
      await scene.to(next, 'awaitingRedemption');
      await scene.accept(next);
      await expectReset(scene, next, 'MicrosoftAccount', /^completed/);
    }));

  it('reverted at once, in a directory whose replicas lag: an acceptance from before the reset counts for nothing', () =>
    play({}, async (scene) => {
      const { app } = scene;
      const oldest = jest.spyOn(Math, 'random').mockReturnValue(0.999);
      try {
        await app.tenant.control('PUT', 'settings', { replicationMs: 4_000 });
        const id = await scene.waiting(reset);
        await scene.ask(id, 'cancel', { mode: 'revert' });
        await app.until('the way back', () => app.row(id).turnedBackAt !== null);
        await app.advance(HOUR_MS);
        expect(app.row(id)).toMatchObject({ phase: 'awaitingRedemption', verdict: null });
        await scene.accept(id, 'work');
        await expectReset(scene, id, 'ExternalAzureAD', /^cancelled$/);
      } finally {
        oldest.mockRestore();
      }
    }));

  it('reverted, and the reset to the work account did not get through at first: it is made all the same', () =>
    play({}, async (scene) => {
      const id = await scene.waiting(reset);
      await scene.app.advance(HOUR_MS);
      const fault = { method: 'POST', path: '/invitations$', kind: 'reset', times: 1 };
      await scene.app.tenant.control('PUT', 'faults', [fault]);
      await scene.ask(id, 'cancel', { mode: 'revert' });
      await scene.app.until('the way back', () => scene.app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      const work = scene.before.users.find((user) => user.id === GUEST)?.mail;
      const mails = (await scene.app.state())['mails'] as { to: string }[];
      expect(mails.map(({ to }) => to)).toEqual([PERSONAL, work]);
      await scene.accept(id, 'work');
      await expectReset(scene, id, 'ExternalAzureAD', /^cancelled$/);
    }));

  it('reverted, and the answer of the reset to the work account is lost: it is made once', () =>
    play({}, async (scene) => {
      const id = await scene.waiting(reset);
      await scene.app.advance(HOUR_MS);
      const fault = { method: 'POST', path: '/invitations$', kind: 'lostAck', times: 1 };
      await scene.app.tenant.control('PUT', 'faults', [fault]);
      await scene.ask(id, 'cancel', { mode: 'revert' });
      await scene.app.until('the way back', () => scene.app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      expect((await scene.app.state())['mails']).toHaveLength(2);
      await scene.accept(id, 'work');
      await expectReset(scene, id, 'ExternalAzureAD', /^cancelled$/);
    }));

  it('auto chooses the reset where it can, and says why', () =>
    play({}, async (scene) => {
      const id = await scene.waiting({ strategy: 'auto', skipAccess });
      expect((await scene.report(id)).recommendation).toMatchObject({
        strategy: 'reset',
        reason: expect.any(String) as unknown,
      });
      await scene.accept(id);
      expect((await scene.ended(id)).guest.newId).toBe(GUEST);
    }));

  it('auto chooses to make the guest anew where it does not know the roles, and says why', () =>
    play({}, async (scene) => {
      const id = await scene.waiting({ strategy: 'auto' });
      expect((await scene.report(id)).recommendation).toMatchObject({
        strategy: 'recreate',
        reason: expect.stringContaining('roles were not read') as unknown,
      });
      await scene.accept(id);
      await expectCompleted(scene, id);
      expect(scene.app.row(id).guest.newId).not.toBe(GUEST);
    }));
}
