import { APP_CLIENT_ID, APP_SERVICE_PRINCIPAL_ID } from '../seed/ids';
import { tenantId, type Tenant } from '../tenant';
import type { Message, Reply } from './message';
import { signToken, type TokenKeys } from './tokens';

const failure = (status: number, message: string): Reply => ({ status, body: { statusCode: status, message } });

/**
 * The App Service managed identity endpoint, `GET /msi/token?api-version=2019-08-01&resource=…`. Answers a token of the
 * app's service principal whose `roles` are the permissions granted at this moment; as in Azure, a later grant is in
 * the next token only.
 *
 * @param secret what `X-IDENTITY-HEADER` must be; undefined accepts any value but not its absence
 */
export function answerIdentity(tenant: Tenant, keys: TokenKeys, secret: string | undefined, message: Message): Reply {
  const query = new URLSearchParams(message.query);
  const header = message.headers['x-identity-header'];
  if (message.method !== 'GET') return failure(405, 'Only GET is supported.');
  if (header === undefined || header === '' || (secret !== undefined && header !== secret)) {
    return failure(401, 'The X-IDENTITY-HEADER header is missing or wrong.');
  }
  if (query.get('api-version') !== '2019-08-01') return failure(400, 'The api-version is missing or not supported.');
  const resource = query.get('resource');
  if (resource === null || resource === '') return failure(400, 'The resource is missing.');
  const clientId = query.get('client_id');
  if (clientId !== null && clientId.toLowerCase() !== APP_CLIENT_ID) {
    return failure(400, 'No managed identity with this client id is assigned.');
  }
  const { grantedPermissions, tokenLifetimeSeconds } = tenant.settings.get();
  const directory = tenantId(tenant.store.primary());
  const issuedAt = Math.floor(Date.now() / 1000);
  const expires = issuedAt + tokenLifetimeSeconds;
  const token = signToken(keys, {
    aud: resource,
    iss: `https://sts.windows.net/${directory}/`,
    tid: directory,
    oid: APP_SERVICE_PRINCIPAL_ID,
    appid: APP_CLIENT_ID,
    roles: grantedPermissions,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expires,
  });
  return {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: {
      access_token: token,
      expires_on: String(expires),
      resource,
      token_type: 'Bearer',
      client_id: APP_CLIENT_ID,
    },
  };
}
