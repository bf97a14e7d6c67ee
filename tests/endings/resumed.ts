import { DAY_MS, HOUR_MS, play, GUEST, PERSONAL, type Scene } from '../support/ending';
import { expectBack, expectCompleted } from './afterThePurge';

const OTHER = 'tomas.other@outlook.example';

async function expired(scene: Scene): Promise<string> {
  const id = await scene.waiting({ acceptWithinDays: 2 });
  await scene.app.advance(3 * DAY_MS);
  expect((await scene.ended(id)).outcome).toBe('expired');
  return id;
}

/** Both rows name each other, and nobody resumes it a second time. */
async function expectLinked({ app }: Scene, parent: string, next: string): Promise<void> {
  expect(app.row(next).resumes).toBe(parent);
  expect(app.row(parent).resumedBy).toBe(next);
  const again = await app.post(`/migrations/${parent}/resume`);
  expect([again.status, (again.json as { code: string }).code]).toEqual([409, 'already-resumed']);
}

/** Endings of migrations that go on where another one ended. */
export function endingsOfResumed(): void {
  it('after it expired: the same guest comes back from the recycle bin, and is asked again', () =>
    play({}, async (scene) => {
      const id = await expired(scene);
      const newId = scene.invited(id);
      const next = await scene.resume(id);
      await scene.to(next, 'awaitingRedemption');
      expect(scene.invited(next)).toBe(newId);
      await scene.accept(next);
      await expectCompleted(scene, next);
      await expectLinked(scene, id, next);
    }));

  it('after it expired, with another address', () =>
    play({}, async (scene) => {
      const id = await expired(scene);
      const next = await scene.resume(id, { inviteEmail: OTHER });
      await scene.to(next, 'awaitingRedemption');
      expect(scene.invited(next)).not.toBe(scene.invited(id));
      await scene.accept(next);
      await expectCompleted(scene, next);
      await expectLinked(scene, id, next);
      const { users } = await scene.app.state();
      expect(users.filter(({ mail }) => mail === PERSONAL)).toEqual([]);
      expect(users.filter(({ mail }) => mail === OTHER)).toHaveLength(1);
    }));

  it('after it completed with gaps: what is left is tried again, nothing is given twice', () =>
    play({}, async (scene) => {
      const fault = { kind: 'status', status: 403, body: { error: { code: 'Authorization_RequestDenied' } } };
      await scene.app.tenant.control('PUT', 'faults', [{ method: 'POST', path: '/groups/.*/members', ...fault }]);
      const id = await scene.waiting();
      await scene.accept(id);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'completedWithGaps', access: { failed: 1 } });
      const next = await scene.resume(id);
      await expectCompleted(scene, next);
      await expectLinked(scene, id, next);
      expect(scene.app.row(next).access.alreadyPresent).toBeGreaterThan(0);
    }));

  it('a completed one cannot be resumed, nor one that nothing came of, nor one that runs', () =>
    play({}, async (scene) => {
      const planned = await scene.start({ dryRun: true });
      await scene.ended(planned);
      const running = await scene.waiting();
      for (const id of [planned, running]) {
        expect((await scene.app.post(`/migrations/${id}/resume`)).status).toBe(409);
      }
      await scene.accept(running);
      await expectCompleted(scene, running);
    }));

  it('the one that goes on turns back', () =>
    play({}, async (scene) => {
      const id = await expired(scene);
      const next = await scene.resume(id);
      await scene.to(next, 'awaitingRedemption');
      await scene.ask(next, 'cancel', { mode: 'revert' });
      await scene.app.until('the way back', () => scene.app.row(next).turnedBackAt !== null);
      await scene.to(next, 'awaitingRedemption');
      await scene.accept(next, 'work');
      await expectBack(scene, next);
      await expectLinked(scene, id, next);
    }));

  it('after the way back expired: it goes on with the way back', () =>
    play({}, async (scene) => {
      const id = await scene.waiting({ acceptWithinDays: 2 });
      await scene.ask(id, 'cancel', { mode: 'revert' });
      await scene.app.until('the way back', () => scene.app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      await scene.app.advance(3 * DAY_MS);
      expect((await scene.ended(id)).outcome).toBe('expired');
      const next = await scene.resume(id);
      await scene.to(next, 'awaitingRedemption');
      await scene.accept(next, 'work');
      await expectBack(scene, next);
    }));

  it('resumed twice, until it gets through', () =>
    play({}, async (scene) => {
      const first = await expired(scene);
      const second = await scene.resume(first);
      await scene.to(second, 'awaitingRedemption');
      await scene.app.advance(3 * DAY_MS);
      expect((await scene.ended(second)).outcome).toBe('expired');
      const third = await scene.resume(second);
      await scene.to(third, 'awaitingRedemption');
      await scene.accept(third);
      await expectCompleted(scene, third);
      await expectLinked(scene, second, third);
    }));

  it('rejected: the old guest is there, because somebody made it anew', () =>
    play({}, async (scene) => {
      const id = await expired(scene);
      const old = scene.before.users.find((user) => user.id === GUEST);
      await scene.app.tenant.change(({ users }) => users.push(structuredClone(old as (typeof users)[number])));
      const next = await scene.resume(id);
      expect(await scene.ended(next)).toMatchObject({ outcome: 'rejected', error: { code: 'preflight-failed' } });
      await scene.app.tenant.graph.write('DELETE', `/users/${GUEST}`);
      await scene.app.tenant.graph.write('DELETE', `/directory/deletedItems/${GUEST}`);
      await scene.app.advance(HOUR_MS);
    }));
}
