import { z } from 'zod';
import { ServiceError } from '../../domain/serviceError';
import type { TokenCredential } from '../credential';

const claims = z.object({ oid: z.string(), roles: z.array(z.string()).default([]) });

/**
 * Reads the app's permissions and its service principal's id from its own token. The token comes straight from the
 * identity service and is only shown to its owner, so the signature is not checked.
 *
 * @throws ServiceError('identity') when there is no token or it cannot be read
 */
export async function ownIdentityOf(
  credential: TokenCredential,
  scope: string,
): Promise<{ roles: string[]; servicePrincipalId: string }> {
  const token = await tokenOf(credential, scope);
  const parsed = claims.safeParse(payloadOf(token));
  if (!parsed.success) throw new ServiceError({ service: 'identity', status: 0, code: 'unreadable-token' });
  return { roles: parsed.data.roles, servicePrincipalId: parsed.data.oid };
}

async function tokenOf(credential: TokenCredential, scope: string): Promise<string> {
  try {
    const access = await credential.getToken(scope);
    if (access !== null) return access.token;
  } catch (error) {
    const code = error instanceof Error ? error.name : 'no-token';
    throw new ServiceError({ service: 'identity', status: 0, code });
  }
  throw new ServiceError({ service: 'identity', status: 0, code: 'no-token' });
}

function payloadOf(token: string): unknown {
  const [, payload = ''] = token.split('.');
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
