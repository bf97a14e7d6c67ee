import type { Grant, GrantKind } from '../domain/grants';
import type { Azure, Clock, Graph } from '../domain/ports';
import { isTransient, ServiceError } from '../domain/serviceError';

/** The services in which access lives, and what a kind has to know to deal with them. */
export interface Outside {
  graph: Graph;
  azure: Azure;
  clock: Clock;
  /** Directory id of the tenant, for addresses that people are sent to. */
  tenantId: string;
  /** Whether Conditional Access policies that name the guest may be rewritten; otherwise they are only reported. */
  rewriteConditionalAccess: boolean;
}

/**
 * An application permission that is needed: any one of the names will do, the least privileged first. `when` limits
 * it to the grants that need it.
 */
export interface Permission {
  anyOf: readonly string[];
  why: string;
  when?: (grant: Grant) => boolean;
}

/** What became of one attempt to restore a grant: a result, or "not yet" with the seconds to wait. */
export type Attempt =
  | { result: 'restored' | 'alreadyPresent' | 'manual' | 'failed'; detail: string }
  | { result: 'retry'; detail: string; afterSeconds: number };

/** One kind of grant. Adding a kind = a new file that exports one of these, and a line in access/index.ts. */
export interface AccessKind {
  kind: GrantKind;
  /** Plural name for people. */
  title: string;
  /**
   * The requests it makes, in the spelling of Microsoft's documents: `METHOD /path/{template}`, for Azure Resource
   * Manager with `{scope}` in front. The documents and the test of the permissions read them.
   */
  calls: { capture: readonly string[]; restore: readonly string[] };
  /** What it cannot do, in a sentence or two for docs/access.md. */
  limits: string;
  /** Permissions for reading, whatever the guest holds. */
  capturePermissions: readonly Permission[];
  /** Permissions for restoring; `permissionsToRestore` says which of them given grants need. */
  restorePermissions: readonly Permission[];
  /**
   * Reads the grants a guest holds now. Read-only. Also how a restore is verified: capture again and compare.
   *
   * @param expected when verifying: the grants of this kind that the old guest held, for kinds whose search lags
   */
  capture(guestId: string, outside: Outside, expected?: readonly Grant[]): Promise<Grant[]>;
  /**
   * Gives grants to the new guest, adding only. Safe to run twice: what is there already comes out as
   * `alreadyPresent`. Answers one attempt a grant, in order; never throws for a service's refusal.
   */
  restore(grants: readonly Grant[], newId: string, outside: Outside): Promise<Attempt[]>;
  /**
   * Takes grants away from a guest; only kinds that Graph wants gone before it resets a redemption can do it. Safe to run
   * twice: what is gone already is no failure. Throws ServiceError when a service refuses.
   */
  remove?(grants: readonly Grant[], userId: string, outside: Outside): Promise<void>;
}

/** The permissions that restoring these grants needs: none for grants that are left to people. */
export function permissionsToRestore(kind: AccessKind, grants: readonly Grant[]): Permission[] {
  const restorable = grants.filter((grant) => grant.kind === kind.kind && grant.instruction === undefined);
  return kind.restorePermissions.filter(({ when }) => restorable.some((grant) => when?.(grant) ?? true));
}

/** Runs a restore grant by grant and turns failures of services into attempts. */
export async function oneByOne(
  grants: readonly Grant[],
  restore: (grant: Grant) => Promise<Attempt>,
): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (const grant of grants) attempts.push(await restore(grant).catch(attemptOfError));
  return attempts;
}

export const restored: Attempt = { result: 'restored', detail: '' };
export const alreadyPresent: Attempt = { result: 'alreadyPresent', detail: 'The new guest had it already.' };

/**
 * Reads a refusal. A guest that was made moments ago is not known everywhere: services then answer 404, or 400 with
 * texts such as "Not a valid reference update" and "PrincipalNotFound", and accept the same call minutes later. A 409
 * says that somebody else changed the same object at that moment.
 */
export function attemptOfError(error: unknown): Attempt {
  if (!(error instanceof ServiceError)) throw error;
  const detail = `${error.service} answered ${error.status} ${error.code}`;
  if (isTransient(error) || mayPass(error)) {
    return { result: 'retry', detail, afterSeconds: error.retryAfterSeconds ?? 0 };
  }
  return { result: 'failed', detail: `${detail}. ${adviceFor(error)}` };
}

function mayPass(error: ServiceError): boolean {
  if (error.status === 404 || error.status === 409) return true;
  return (
    error.status === 400 &&
    /don't exist|do(?:es)? not exist|not a valid reference update|PrincipalNotFound|were not found/i.test(
      `${error.code} ${error.serviceMessage}`,
    )
  );
}

function adviceFor(error: ServiceError): string {
  if (error.status === 403) return 'The app may not do this; grant it by hand.';
  return 'Grant it by hand.';
}

/** True for a refusal that says the very thing we want exists already. */
export function saysItExists(error: unknown): boolean {
  return (
    error instanceof ServiceError &&
    (error.status === 400 || error.status === 409) &&
    /already exist|conflicting object|RoleAssignmentExists/i.test(`${error.code} ${error.serviceMessage}`)
  );
}

/** Reference to a directory object in the body of a `$ref` write. Graph reads the id; the host is always this one. */
export function reference(id: string): { '@odata.id': string } {
  return { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${id}` };
}
