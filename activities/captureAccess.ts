import { z } from 'zod';
import { enabledKinds } from '../access';
import { noAccess, type GrantKind } from '../domain/grants';
import { objectId } from '../domain/ids';
import { progressOf } from '../domain/phases';
import type { Graph } from '../domain/ports';
import { inRestoreOrder, planChunks } from '../domain/restorePlan';
import { ServiceError } from '../domain/serviceError';
import { guestAccountSchema, type GuestAccount, type Snapshot } from '../domain/snapshot';
import { done, failed, type Activity, type ActivityDeps } from './activity';
import { captureAll, missingPermission, outsideOf, skippedKinds, type Captured } from './capture';
import { recordOf, verifiedSnapshot } from './common';

/** Grants that one restoring activity handles: as many as a batch of reads takes, few enough to repeat cheaply. */
export const CHUNK = 20;

/**
 * Captures the guest and everything it holds, writes the snapshot, reads it back and compares the hash.
 * Safe to run twice: a snapshot is written once; when one exists it is kept, and the plan is made from it.
 */
export function createCaptureAccess(deps: ActivityDeps): Activity<'captureAccess'> {
  const { records, documents, clock, settings } = deps;
  return async ({ migrationId, guestId }, log) => {
    const { request } = await recordOf(records, migrationId);
    const skip = skippedKinds(request, settings);
    const { guest, sponsorIds, access } = await readGuestAndAccess(guestId, skip, deps);
    if (access.refused.length > 0) return missingPermission(access.refused);
    const snapshotHash = await documents.writeSnapshot({
      version: 1,
      migrationId,
      takenAt: clock.now().toISOString(),
      tenantId: settings.tenantId,
      guest,
      sponsorIds,
      kinds: enabledKinds(skip).map(({ kind }) => kind),
      grants: inRestoreOrder(access.grants),
    });
    const snapshot = await verifiedSnapshot(documents, { migrationId, snapshotHash, guestId });
    if (snapshot === undefined) {
      return failed('snapshot-unverified', 'The snapshot that was read back is not the one that was written.');
    }
    await remember(snapshot, snapshotHash);
    log.info('captured', { migrationId, grants: snapshot.grants.length });
    return done({
      snapshotHash,
      grants: snapshot.grants.length,
      chunks: planChunks(snapshot.grants, CHUNK),
    });
  };

  async function remember(snapshot: Snapshot, snapshotHash: string): Promise<void> {
    const captured = snapshot.grants.length;
    await records.updateMigration(snapshot.migrationId, {
      snapshotHash,
      access: { ...noAccess, captured },
      progress: progressOf('capturing', { captured, done: 0 }),
    });
  }
}

/** Everything that a snapshot holds of a guest, as it is now. Reads only. */
export async function readGuestAndAccess(
  guestId: string,
  skip: readonly GrantKind[],
  deps: ActivityDeps,
): Promise<{ guest: GuestAccount; sponsorIds: string[]; access: Captured }> {
  const [guest, sponsorIds, access] = await Promise.all([
    readAccount(guestId, deps.graph),
    readSponsors(guestId, deps.graph),
    captureAll(guestId, skip, outsideOf(deps)),
  ]);
  return { guest, sponsorIds, access };
}

const sponsor = z.object({ id: objectId });

/** For the invitation, which can do without: where the kind is skipped, the app need not be allowed to read them. */
async function readSponsors(guestId: string, graph: Graph): Promise<string[]> {
  try {
    const sponsors = await graph.readAll(`/users/${guestId}/sponsors?$select=id`, sponsor);
    return sponsors.map(({ id }) => id);
  } catch (error) {
    if (error instanceof ServiceError && error.status === 403) return [];
    throw error;
  }
}

const accountSelect = 'id,displayName,userPrincipalName,mail,preferredLanguage,createdDateTime,identities,otherMails';
const accountShape = z.object({
  ...guestAccountSchema.shape,
  displayName: z.string().nullish(),
  mail: z.string().nullish(),
  preferredLanguage: z.string().nullish(),
  createdDateTime: z.string().nullish(),
  otherMails: z.array(z.string()).nullish(),
});

async function readAccount(guestId: string, graph: Graph): Promise<GuestAccount> {
  const user = await graph.read(`/users/${guestId}?$select=${accountSelect}`, accountShape);
  return {
    id: user.id,
    displayName: user.displayName ?? user.userPrincipalName,
    userPrincipalName: user.userPrincipalName,
    mail: user.mail ?? null,
    preferredLanguage: user.preferredLanguage ?? null,
    createdDateTime: user.createdDateTime ?? null,
    identities: user.identities,
    otherMails: user.otherMails ?? [],
  };
}
