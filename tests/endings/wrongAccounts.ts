import { once, onlyId, play, DAY_MS, type Scene } from '../support/ending';
import { expectBack, expectCompleted } from './afterThePurge';

const twoRounds = { settings: { wrongAccountRounds: 2 } };
const nothing = ['members All Guests'];

/** Accepts with wrong accounts until an operator is asked. */
async function upToOperator(scene: Scene): Promise<string> {
  const { app } = scene;
  const id = await scene.waiting();
  await scene.accept(id, 'work');
  await app.until('the second round', () => app.row(id).invitation?.rounds === 2);
  await scene.to(id, 'awaitingRedemption');
  await scene.accept(id, 'google');
  await scene.to(id, 'needsOperator');
  expect(app.row(id).checks).toContainEqual(expect.objectContaining({ id: 'accepted-with-wrong-account', ok: false }));
  expect(await scene.access(scene.invited(id))).toEqual(nothing);
  return id;
}

/** Endings of migrations whose guest accepts with an account that gets nothing. */
export function endingsAfterWrongAccounts(): void {
  it.each(['work', 'emailCode', 'google', 'federated'])('a wrong account (%s), then the right one', (account) =>
    play({}, async (scene) => {
      const { app } = scene;
      const id = await scene.waiting();
      const first = scene.invited(id);
      await scene.accept(id, account);
      await app.until('the second round', () => app.row(id).invitation?.rounds === 2);
      expect(await scene.access(first)).toEqual(nothing);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id);
      await expectCompleted(scene, id);
      expect(scene.invited(id)).toBe(first);
    }),
  );

  it('an operator has it sent again, and the guest takes the right account', () =>
    play(twoRounds, async (scene) => {
      const id = await upToOperator(scene);
      await scene.app.advance(3 * DAY_MS);
      expect(scene.app.row(id).phase).toBe('needsOperator');
      await scene.ask(id, 'resend', { by: 'operator' });
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id);
      await expectCompleted(scene, id);
      const check = { id: 'accepted-with-wrong-account', ok: true };
      expect(scene.app.row(id).checks).toContainEqual(expect.objectContaining(check));
    }));

  it('an operator ends it: the guest keeps an account without access, and another migration can go on', () =>
    play(twoRounds, async (scene) => {
      const id = await upToOperator(scene);
      await scene.ask(id, 'cancel', { by: 'operator' });
      expect(await scene.ended(id)).toMatchObject({ outcome: 'cancelled', error: null });
      expect(await scene.access(scene.invited(id))).toEqual(nothing);
      const next = await scene.resume(id);
      await scene.to(next, 'awaitingRedemption');
      await scene.accept(next);
      await expectCompleted(scene, next);
    }));

  it('an operator turns back', () =>
    play(twoRounds, async (scene) => {
      const id = await upToOperator(scene);
      await scene.ask(id, 'cancel', { mode: 'revert' });
      await scene.app.until('the way back', () => scene.app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await expectBack(scene, id);
    }));

  it('nobody answers for a month', () =>
    play(twoRounds, async (scene) => {
      const id = await upToOperator(scene);
      await scene.app.advance(31 * DAY_MS);
      expect(await scene.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'wrong-identity' } });
      expect(await scene.access(scene.invited(id))).toEqual(nothing);
    }));

  it('a wish to go back that comes while an operator is asked for, at the very read, is served', () => {
    const gate = once(
      'readRedemption',
      'records.readMigration',
      (app) => app.request('POST', `/migrations/${onlyId(app)}/cancel`, { mode: 'revert' }),
      'needsOperator',
    );
    return play({ ...twoRounds, gate }, async (scene) => {
      const { app } = scene;
      const id = await scene.waiting();
      await scene.accept(id, 'work');
      await app.until('the second round', () => app.row(id).invitation?.rounds === 2);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await app.until('the way back', () => app.row(id).turnedBackAt !== null);
      await scene.to(id, 'awaitingRedemption');
      await scene.accept(id, 'work');
      await expectBack(scene, id);
    });
  });
}
