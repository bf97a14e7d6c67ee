import { wholeTenant } from '../support/wholeTenant';
import { DAY_MS, GUEST, HOUR_MS, once, onlyId, play, unreachable, type Scene } from '../support/ending';

const approval = { approval: true };
const somebody = { by: 'somebody@fjellbekk.example' };

/** The tenant is what it was, and nothing was even tried. */
async function expectUntouched(scene: Scene): Promise<void> {
  const { app, before } = scene;
  expect(await scene.writes()).toEqual([]);
  expect(wholeTenant(await app.state(), null)).toEqual(wholeTenant(before, null));
}

/** Endings in which the guest keeps the account they had. */
export function endingsBeforeThePurge(): void {
  it('rejected by preflight: an unknown guest, and one with a personal account already', () =>
    play({}, async (scene) => {
      const { app } = scene;
      const unknown = await scene.start({ guest: 'nobody@nowhere.example' });
      const personal = await scene.start({ guest: '90e50000-0000-4000-8000-000000000004' });
      for (const id of [unknown, personal]) {
        expect(await scene.ended(id)).toMatchObject({ outcome: 'rejected', error: { code: 'preflight-failed' } });
      }
      expect(app.row(personal).checks.filter(({ ok }) => !ok)).not.toEqual([]);
      await expectUntouched(scene);
    }));

  it('planned: a dry run reads, and changes nothing', () =>
    play({}, async (scene) => {
      const id = await scene.start({ dryRun: true });
      expect(await scene.ended(id)).toMatchObject({ outcome: 'planned', status: 'Succeeded' });
      expect((await scene.report(id)).grants.some(({ result }) => result === 'planned')).toBe(true);
      await expectUntouched(scene);
    }));

  it('approved: nothing happens before, everything after', () =>
    play({}, async (scene) => {
      const id = await scene.start(approval);
      await scene.to(id, 'awaitingApproval');
      await scene.app.advance(2 * DAY_MS);
      await expectUntouched(scene);
      await scene.ask(id, 'approve', somebody);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'completedWithGaps', access: { failed: 0 } });
      expect(scene.app.row(id).approval).toMatchObject({ decision: 'approved', by: somebody.by });
      // Once more by the same person is no second answer; by another one it is.
      await scene.ask(id, 'approve', somebody);
      expect((await scene.app.post(`/migrations/${id}/approve`, { by: 'another' })).status).toBe(409);
    }));

  it('rejected by a person', () =>
    play({}, async (scene) => {
      const id = await scene.start(approval);
      await scene.to(id, 'awaitingApproval');
      await scene.ask(id, 'reject', somebody);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'rejected', error: { code: 'approval-rejected' } });
      await expectUntouched(scene);
    }));

  it('approval timed out: an answer after that is refused', () =>
    play({ settings: { approvalTimeoutHours: 24 } }, async (scene) => {
      const id = await scene.start(approval);
      await scene.to(id, 'awaitingApproval');
      await scene.app.advance(25 * HOUR_MS);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'rejected', error: { code: 'approval-timed-out' } });
      expect((await scene.app.post(`/migrations/${id}/approve`, somebody)).status).toBe(409);
      await expectUntouched(scene);
    }));

  it('access changed while an approval was waited for', () =>
    play({}, async (scene) => {
      const id = await scene.start(approval);
      await scene.to(id, 'awaitingApproval');
      const [group] = scene.before.groups.filter(({ members }) => members.includes(GUEST));
      const leave = (members: string[]): string[] => members.filter((member) => member !== GUEST);
      await scene.app.tenant.change(({ groups }) => {
        for (const each of groups) if (each.id === group?.id) each.members = leave(each.members);
      });
      if (group !== undefined) group.members = leave(group.members);
      await scene.ask(id, 'approve', somebody);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'rejected', error: { code: 'access-changed' } });
      await expectUntouched(scene);
    }));

  it.each([
    ['preflight', 'records.decideOnMigration', 'recordPhase', 'preflight'],
    ['preflight', 'graph.read', 'preflight', 'capturing'],
    ['capturing', 'documents.writeSnapshot', 'captureAccess', 'deleting'],
    ['awaitingApproval', 'records.decideOnMigration', 'readApproval', 'awaitingApproval'],
  ])('cancelled in the phase %s, at %s of %s: ends in %s', (phase, call, step, last) => {
    const gate = once(step, call, async (app) => {
      expect(app.row(onlyId(app)).phase).toBe(phase);
      expect((await app.request('POST', `/migrations/${onlyId(app)}/cancel`)).status).toBe(202);
    });
    return play({ gate }, async (scene) => {
      const id = await scene.start(phase === 'awaitingApproval' ? approval : {});
      expect(await scene.ended(id)).toMatchObject({ outcome: 'cancelled', status: 'Canceled', error: null });
      const steps = scene.app.phaseSteps.map(({ from, to }) => (to === 'ended' ? from : undefined));
      expect(steps.at(-1)).toBe(last);
      await expectUntouched(scene);
    });
  });

  it.each([
    ['deleting', 'softDeleteGuest', 'graph.write'],
    ['purging', 'claimPurge', 'records.readMigration'],
    ['purging', 'claimPurge', 'records.decideOnMigration'],
  ] as const)('cancelled in the phase %s, at %s %s: the guest comes back as they were', (phase, step, call) => {
    const gate = once(step, call, async (app) => {
      expect(app.row(onlyId(app)).phase).toBe(phase);
      expect((await app.request('POST', `/migrations/${onlyId(app)}/cancel`)).status).toBe(202);
    });
    return play({ gate }, async (scene) => {
      const id = await scene.start();
      expect(await scene.ended(id)).toMatchObject({ outcome: 'cancelled', error: null, purgedAt: null });
      const user = `/v1.0/directory/deletedItems/${GUEST}`;
      expect(await scene.writes()).toEqual([`DELETE /v1.0/users/${GUEST}`, `POST ${user}/restore`]);
      expect(await scene.access(GUEST)).toEqual(scene.had);
    });
  });

  it('a cancel that comes once the purge is claimed is refused, and the story goes on', () => {
    const answers: number[] = [];
    const gate = once('purgeGuest', 'graph.write', async (app) => {
      answers.push((await app.request('POST', `/migrations/${onlyId(app)}/cancel`)).status);
    });
    return play({ gate }, async (scene) => {
      const id = await scene.waiting();
      expect(answers).toEqual([409]);
      await scene.accept(id);
      expect((await scene.ended(id)).outcome).toBe('completedWithGaps');
    });
  });

  it('refused: a deletion that the directory does not let ends without one', () =>
    play({}, async (scene) => {
      const fault = { kind: 'status', status: 403, body: { error: { code: 'Authorization_RequestDenied' } } };
      await scene.app.tenant.control('PUT', 'faults', [{ method: 'DELETE', path: `/users/${GUEST}`, ...fault }]);
      const id = await scene.start();
      expect(await scene.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'delete-refused' } });
      expect(await scene.access(GUEST)).toEqual(scene.had);
    }));

  it('the daily budget is used up: one more is refused at once, or ends with nothing changed', () =>
    play({ settings: { dailyBudget: 1 } }, async (scene) => {
      const id = await scene.start(approval);
      await scene.to(id, 'awaitingApproval');
      const other = await scene.waiting({
        guest: '90e50000-0000-4000-8000-000000000003',
        inviteEmail: 'i@mail.example',
      });
      expect((await scene.app.post('/migrations', { guest: GUEST })).status).toBeGreaterThanOrEqual(400);
      await scene.ask(id, 'approve', somebody);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'rejected' });
      expect(scene.app.row(id).checks).toContainEqual(expect.objectContaining({ id: 'daily-budget-left', ok: false }));
      expect(await scene.access(GUEST)).toEqual(scene.had);
      await scene.accept(other);
      expect((await scene.ended(other)).outcome).toMatch(/^completed/);
    }));

  it('the purge took effect, and every answer to it was lost: the only way is forward', () => {
    const app: { cut: boolean } = { cut: false };
    return play(
      {
        gate: (_app, actor, call) => {
          if (actor !== 'purgeGuest' || !call.startsWith('graph.')) return Promise.resolve();
          if (app.cut) return Promise.reject(unreachable());
          app.cut = call === 'graph.write';
          return Promise.resolve();
        },
      },
      async (scene) => {
        const fault = { method: 'DELETE', path: `/deletedItems/${GUEST}`, kind: 'lostAck' };
        await scene.app.tenant.control('PUT', 'faults', [fault]);
        const id = await scene.waiting();
        expect(scene.app.phaseSteps.map(({ to }) => to)).toContain('undoing');
        await scene.accept(id);
        expect((await scene.ended(id)).outcome).toBe('completedWithGaps');
      },
    );
  });
}
