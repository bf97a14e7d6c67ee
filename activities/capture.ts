import { enabledKinds } from '../access';
import { markDelivered } from '../access/delivered';
import type { AccessKind, Outside } from '../access/kind';
import { kindSchema, type Grant, type GrantKind } from '../domain/grants';
import { ServiceError } from '../domain/serviceError';
import type { Snapshot } from '../domain/snapshot';
import type { StepOutcome } from '../domain/steps';
import { failed, type ActivityDeps } from './activity';

/** What the kinds found: the grants, and the kinds that the app may not read. */
export interface Captured {
  grants: Grant[];
  refused: AccessKind[];
}

/**
 * Reads every kind of access of a guest but the skipped ones. Kinds run side by side, so that their reads share
 * batches. A 403 is a missing permission and is collected by kind; any other failure is thrown. What access packages
 * give is marked.
 *
 * @param expected when verifying: what the old guest held
 */
export async function captureAll(
  guestId: string,
  skip: readonly GrantKind[],
  outside: Outside,
  expected?: readonly Grant[],
): Promise<Captured> {
  const refused: AccessKind[] = [];
  const grants = await Promise.all(
    enabledKinds(skip).map((kind) =>
      kind
        .capture(
          guestId,
          outside,
          expected?.filter((grant) => grant.kind === kind.kind),
        )
        .catch((error: unknown) => {
          if (!(error instanceof ServiceError) || error.status !== 403) throw error;
          refused.push(kind);
          return [];
        }),
    ),
  );
  return { grants: markDelivered(grants.flat()), refused };
}

/** The failure of a capture that was not allowed to read everything. */
export function missingPermission(refused: readonly AccessKind[]): StepOutcome<never> {
  return failed('permission-missing', `The app may not read: ${refused.map((kind) => kind.title).join(', ')}.`);
}

/** What the kinds of access get of the world. */
export function outsideOf({ graph, azure, clock, settings }: ActivityDeps): Outside {
  const { tenantId, rewriteConditionalAccess } = settings;
  return { graph, azure, clock, tenantId, rewriteConditionalAccess };
}

/** The kinds that a new migration leaves out: those of its request and those switched off for the tenant. */
export function skippedKinds(
  request: { skipAccess: readonly GrantKind[] },
  settings: { skipAccess: readonly GrantKind[] },
): GrantKind[] {
  return [...new Set([...request.skipAccess, ...settings.skipAccess])];
}

const kindsOfFirstSnapshots: readonly GrantKind[] = [
  'profile',
  'groupMembership',
  'groupOwnership',
  'directoryRole',
  'appRole',
  'azureRole',
];

/**
 * The kinds that this snapshot leaves out. What is compared with it leaves out the same, whatever the settings are by
 * then; a snapshot that does not say which kinds it holds is of the time when there were six.
 */
export function skippedIn(snapshot: Pick<Snapshot, 'kinds'>): GrantKind[] {
  const kinds: readonly GrantKind[] = snapshot.kinds ?? kindsOfFirstSnapshots;
  return kindSchema.options.filter((kind) => !kinds.includes(kind));
}
