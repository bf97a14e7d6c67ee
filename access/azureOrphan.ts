import { isNotFound, ServiceError } from '../domain/serviceError';

/**
 * Takes away what names the purged guest and gives nobody anything. It never decides the result of a restore: what
 * cannot be removed stays, and the detail says so.
 *
 * @param remove looks first, and removes only what is the old guest's
 * @returns what to add to the detail; empty when it is gone
 */
export async function removeOrphan(what: string, remove: () => Promise<void>): Promise<string> {
  try {
    await remove();
    return '';
  } catch (error) {
    if (isNotFound(error)) return '';
    if (!(error instanceof ServiceError)) throw error;
    const reason = isLastAdministrator(error)
      ? 'it is the last one that may assign roles there'
      : `${error.service} answered ${error.status} ${error.code}`;
    return `${what} stays behind: ${reason}.`;
  }
}

/** Azure keeps the last assignment at a subscription that may assign roles, even when it names nobody. */
function isLastAdministrator({ serviceMessage }: ServiceError): boolean {
  return serviceMessage.includes('last RBAC admin assignment');
}
