import type { AppInProcess } from '../support/appInProcess';
import { DAY_MS, GUEST, once, onlyId, play, unreachable, type Scene } from '../support/ending';
import { expectCompleted } from './afterThePurge';

const settings = { purgeAfterRedemption: true, wrongAccountRounds: 2 };
/** The recycle bin keeps a guest for 30 days. */
const soon = { acceptWithinDays: 20 };
const cancel = async (app: AppInProcess): Promise<void> => {
  expect((await app.request('POST', `/migrations/${onlyId(app)}/cancel`)).status).toBe(202);
};

/** The old guest has everything, and nobody is invited any more. */
async function expectGivenBack(scene: Scene, id: string, outcome: string): Promise<void> {
  expect(await scene.ended(id)).toMatchObject({ outcome, purgedAt: null });
  expect(await scene.access(GUEST)).toEqual(scene.had);
  const { newId } = scene.app.row(id).guest;
  const { users } = await scene.app.state();
  expect(users.map((user) => user.id)).not.toContain(newId);
}

/** Endings where the old guest is kept until the new identity is proven. */
export function endingsWithTheGuestKept(): void {
  it('completed: the purge comes after the verdict', () =>
    play({ settings }, async (scene) => {
      const id = await scene.waiting(soon);
      expect((await scene.app.state()).deletedUsers.map((user) => user.id)).toContain(GUEST);
      await scene.accept(id);
      await expectCompleted(scene, id);
      const writes = await scene.writes();
      const purge = writes.indexOf(`DELETE /v1.0/directory/deletedItems/${GUEST}`);
      expect(purge).toBeGreaterThan(writes.indexOf('POST /v1.0/invitations'));
      expect(scene.app.phaseSteps).toContainEqual({ id, from: 'verifyingIdentity', to: 'purging' });
    }));

  it('expired: the guest is back', () =>
    play({ settings }, async (scene) => {
      const id = await scene.waiting({ acceptWithinDays: 4 });
      await scene.app.advance(5 * DAY_MS);
      await expectGivenBack(scene, id, 'expired');
      expect((await scene.app.post(`/migrations/${id}/resume`)).status).toBe(409);
    }));

  it.each([{}, { mode: 'revert' }])('cancelled while waiting, with %j: the guest is back', (body) =>
    play({ settings }, async (scene) => {
      const id = await scene.waiting(soon);
      await scene.ask(id, 'cancel', body);
      await expectGivenBack(scene, id, 'cancelled');
    }),
  );

  it('cancelled where an operator is asked for', () =>
    play({ settings }, async (scene) => {
      const id = await scene.waiting(soon);
      await scene.accept(id, 'work');
      await scene.app.until('the second round', () => scene.app.row(id).invitation?.rounds === 2);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await scene.to(id, 'needsOperator');
      await scene.ask(id, 'cancel');
      await expectGivenBack(scene, id, 'cancelled');
    }));

  it.each([
    ['deleting', 'softDeleteGuest', 'graph.write'],
    ['inviting', 'inviteGuest', 'graph.write'],
    ['verifyingIdentity', 'readRedemption', 'graph.read'],
    ['purging', 'claimPurge', 'records.decideOnMigration'],
  ] as const)('cancelled in the phase %s: the guest is back', (phase, step, call) =>
    play({ settings, gate: once(step, call, cancel, phase) }, async (scene) => {
      const id = await scene.start(soon);
      await scene.app.until('its end, or the wait', () => /ended|awaitingRed/.test(scene.app.row(id).phase));
      if (scene.app.row(id).phase !== 'ended' && scene.app.row(id).cancelRequestedAt === null) await scene.accept(id);
      await expectGivenBack(scene, id, 'cancelled');
    }),
  );

  it('the invitation is refused: the guest is back', () =>
    play({ settings }, async (scene) => {
      const fault = { kind: 'status', status: 403, body: { error: { code: 'Forbidden', message: 'no' } }, times: 9 };
      await scene.app.tenant.control('PUT', 'faults', [{ method: 'POST', path: '/invitations$', ...fault }]);
      const id = await scene.start(soon);
      await expectGivenBack(scene, id, 'failed');
    }));

  it('the purge took effect, and every answer to it was lost: it goes on', () => {
    const purge = { cut: false };
    const gate = (_app: AppInProcess, actor: string, call: string): Promise<void> => {
      if (actor !== 'purgeGuest' || !call.startsWith('graph.')) return Promise.resolve();
      if (purge.cut) return Promise.reject(unreachable());
      purge.cut = call === 'graph.write';
      return Promise.resolve();
    };
    return play({ settings, gate }, async (scene) => {
      const fault = { method: 'DELETE', path: `/deletedItems/${GUEST}`, kind: 'lostAck' };
      await scene.app.tenant.control('PUT', 'faults', [fault]);
      const id = await scene.waiting(soon);
      await scene.accept(id);
      await expectCompleted(scene, id);
      expect(scene.app.phaseSteps).toContainEqual({ id, from: 'undoing', to: 'restoring' });
    });
  });
}
