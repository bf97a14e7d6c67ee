import type { Grant, GrantKind } from '../domain/grants';
import { enabledKinds } from '../access';
import type { AccessKind, Outside } from '../access/kind';
import { ServiceError } from '../domain/serviceError';

/** What the kinds found: the grants, and the kinds that the app may not read. */
export interface Captured {
  grants: Grant[];
  refused: AccessKind[];
}

/**
 * Reads every enabled kind of access of a guest. Kinds run side by side, so that their reads share batches.
 * A 403 is a missing permission and is collected by kind; any other failure is thrown.
 */
export async function captureAll(guestId: string, skip: readonly GrantKind[], outside: Outside): Promise<Captured> {
  const refused: AccessKind[] = [];
  const grants = await Promise.all(
    enabledKinds(skip).map((kind) =>
      kind.capture(guestId, outside).catch((error: unknown) => {
        if (!(error instanceof ServiceError) || error.status !== 403) throw error;
        refused.push(kind);
        return [];
      }),
    ),
  );
  return { grants: grants.flat(), refused };
}
