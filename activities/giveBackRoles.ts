import { accessKinds } from '../access';
import { addressToInvite, wantedIdentity } from '../domain/direction';
import type { MigrationRecord } from '../domain/record';
import type { Snapshot } from '../domain/snapshot';
import { done, failed, type Activity, type ActivityDeps } from './activity';
import { outsideOf } from './capture';
import { auditor, recordOf, secondsUntilConsistent, verifiedSnapshot } from './common';
import { rolesIn } from './roles';
import { holds, standingOf, type Standing } from './standing';

/**
 * Undoes the preparations of a reset that was not made: gives the roles back that were taken away, and takes off the
 * address that was added. Nothing is given to a guest who does not sign in with the account they had.
 *
 * Safe to run twice: roles that are there count as given back, and an address that is gone is left alone.
 */
export function createGiveBackRoles(deps: ActivityDeps): Activity<'giveBackRoles'> {
  const { graph, records, documents, clock, settings } = deps;
  return async (input, log) => {
    const { migrationId, guestId } = input;
    const snapshot = await verifiedSnapshot(documents, input);
    if (snapshot === undefined)
      return failed('snapshot-unverified', 'The snapshot cannot be read: no role was given back.');
    const record = await recordOf(records, migrationId);
    if (record.strategy !== 'reset') throw new Error('giveBackRoles: the strategy of this migration is not reset');
    if (record.phase === 'ended') throw new Error('giveBackRoles: the migration has ended');
    const standing = await standingOf(guestId, graph);
    if (!standing.accepted || standing.verdict !== wantedIdentity(true)) {
      return failed('roles-not-returned', 'The guest does not sign in with the account they had any more.');
    }
    const answers = record.rolesRemovedAt === null ? [] : await give(snapshot, guestId, migrationId);
    const refused = answers.filter(({ result }) => result === 'failed' || result === 'manual').length;
    if (refused > 0) return failed('roles-not-returned', `Roles that could not be given back: ${refused}.`);
    if (answers.some(({ result }) => result === 'retry')) return done({ retry: true, afterSeconds: 0 });
    const wait = await takeAddressOff(record, snapshot, standing);
    if (wait > 0) return done({ retry: true, afterSeconds: wait });
    log.info('roles-given-back', { migrationId, roles: answers.length });
    return done({ retry: false, afterSeconds: 0 });
  };

  async function give(snapshot: Snapshot, guestId: string, migrationId: string) {
    const audit = auditor(deps, migrationId, 'giveBackRoles');
    await audit('before', guestId);
    const answers = [];
    for (const { kind, roles } of rolesIn(snapshot)) {
      answers.push(...(await accessKinds[kind].restore(roles, guestId, outsideOf(deps))));
    }
    await audit('after', guestId);
    return answers;
  }

  /**
   * The address of the personal account, unless the guest had it before. A guest who does not show it may have got it a
   * moment ago: that is believed when reads had time to catch up with the latest write of the row, which is no earlier.
   *
   * @returns seconds after which to look again
   */
  async function takeAddressOff(record: MigrationRecord, { guest }: Snapshot, standing: Standing): Promise<number> {
    const address = addressToInvite({ ...record, turnedBackAt: null }, { guest });
    if (address === null || guest.otherMails === undefined) return 0;
    if (holds({ mail: guest.mail, otherMails: guest.otherMails }, address)) return 0;
    // Before the claim nobody has added anything.
    if (!holds(standing, address)) {
      return record.purgeClaimedAt === null
        ? 0
        : secondsUntilConsistent(record.updatedAt, clock, settings.consistencySeconds);
    }
    const otherMails = standing.otherMails.filter((one) => one.toLowerCase() !== address.toLowerCase());
    if (otherMails.length < standing.otherMails.length)
      await graph.write('PATCH', `/users/${guest.id}`, { otherMails });
    return 0;
  }
}
