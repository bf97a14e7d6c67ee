import { z } from 'zod';
import type { AuditEntry, Clock, Documents, Graph, Records } from '../domain/ports';
import type { Phase } from '../domain/phases';
import type { MigrationRecord } from '../domain/record';
import { isNotFound } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';

/** The migration's row. Its absence is a fault of the store, not of the guest: thrown, so that it is tried again. */
export async function recordOf(records: Records, id: string): Promise<MigrationRecord> {
  const record = await records.readMigration(id);
  if (record === undefined) throw new Error('the migration has no row');
  return record;
}

/**
 * The snapshot that a destructive step relies on: it must exist, be unaltered, and speak of this migration and this
 * guest. Undefined otherwise; no caller may go on then.
 */
export async function verifiedSnapshot(
  documents: Documents,
  wanted: { migrationId: string; snapshotHash: string; guestId?: string },
): Promise<Snapshot | undefined> {
  const snapshot = await documents.readSnapshot(wanted.migrationId, wanted.snapshotHash);
  if (snapshot?.migrationId !== wanted.migrationId) return undefined;
  if (wanted.guestId !== undefined && snapshot.guest.id !== wanted.guestId) return undefined;
  return snapshot;
}

/**
 * Refuses ids that are not this migration's: the new guest must be the one it invited; never the old one, except where
 * the old one was reset; and the migration must not have ended.
 */
export function requireInvited(step: string, newId: string, snapshot: Snapshot, record: MigrationRecord): void {
  const isOld = newId === snapshot.guest.id;
  if (record.guest.newId !== newId || isOld !== (record.strategy === 'reset')) {
    throw new Error(`${step}: the id is not the invited guest of this migration`);
  }
  if (record.phase === 'ended') throw new Error(`${step}: the migration has ended`);
}

const waits: readonly Phase[] = ['inviting', 'awaitingRedemption', 'needsOperator'];

/** True in phases in which somebody is invited or waited for: nothing is given to anybody then. */
export function isWaited(phase: Phase): boolean {
  return waits.includes(phase);
}

const idOnly = z.object({ id: z.string() });

/** Writes audit entries of one destructive action of the app: who, what, before and after. */
export function auditor(
  { records, clock }: { records: Records; clock: Clock },
  migrationId: string,
  action: string,
): (stage: AuditEntry['stage'], targetId: string, detail?: string) => Promise<void> {
  return (stage, targetId, detail = '') =>
    records.audit({ migrationId, at: clock.now().toISOString(), by: 'app', action, stage, targetId, detail });
}

/** Whether Graph shows an object at a path now. One read: it may lag behind the latest write. */
export async function isThere(graph: Graph, path: string): Promise<boolean> {
  try {
    await graph.read(`${path}?$select=id`, idOnly);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Seconds until reads can be trusted to show a write begun at `since`; 0 when they can be by now. */
export function secondsUntilConsistent(since: string, clock: Clock, consistencySeconds: number): number {
  const elapsed = (clock.now().getTime() - Date.parse(since)) / 1000;
  return Math.max(0, consistencySeconds - elapsed);
}

export const foundUserSelect = 'id,createdDateTime,creationType,userType,externalUserState,mail,userPrincipalName';
export const foundUser = z.object({
  id: z.string(),
  createdDateTime: z.string().nullish(),
  creationType: z.string().nullish(),
  userType: z.string().nullish(),
  externalUserState: z.string().nullish(),
  mail: z.string().nullish(),
  userPrincipalName: z.string().nullish(),
});
export type FoundUser = z.infer<typeof foundUser>;

/** How the user principal name of a guest begins who was invited with this address. */
function invitedName(address: string): string {
  return `${address.replace('@', '_')}#EXT#@`;
}

/** True for a guest whom an invitation of this very address made; others may hold it as a further address. */
export function wasInvitedAs(user: FoundUser, address: string): boolean {
  const name = user.userPrincipalName?.toLowerCase() ?? '';
  return user.mail?.toLowerCase() === address.toLowerCase() || name.startsWith(invitedName(address).toLowerCase());
}

/**
 * Users that hold an address: as mail, other mail, proxy address or sign-in name, or because they were invited with it
 * and their mail was changed since. The reads travel in one batch.
 */
export async function usersWithAddress(graph: Graph, address: string): Promise<FoundUser[]> {
  const quoted = `'${address.replaceAll("'", "''")}'`;
  const filters = [
    `mail eq ${quoted}`,
    `otherMails/any(a:a eq ${quoted})`,
    `proxyAddresses/any(a:a eq 'smtp:${quoted.slice(1)})`,
    `userPrincipalName eq ${quoted}`,
    `startsWith(userPrincipalName,'${invitedName(address).replaceAll("'", "''")}')`,
  ];
  const select = `$select=${foundUserSelect}`;
  const lists = await Promise.all(
    filters.map((filter) => graph.readAll(`/users?$filter=${encodeURIComponent(filter)}&${select}`, foundUser)),
  );
  return [...new Map(lists.flat().map((user) => [user.id.toLowerCase(), user])).values()];
}
