import { ok, type Reply } from '../http/message';
import { isRecord } from '../store/snapshot';
import { unsupportedQuery } from './errors';
import type { Call, Route } from './route';
import { userOf } from './targets';

/** Methods of signing in that a user registered in this tenant, with everything they contain. */
function list(call: Call): Reply {
  const option = [...call.query.keys()].find((name) => name.startsWith('$'));
  if (option !== undefined) throw unsupportedQuery(`'${option}' is not supported by the service.`);
  const user = userOf(call);
  const methods = user['authenticationMethods'];
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#users('${user.id}')/authentication/methods`,
    value: Array.isArray(methods) ? methods.filter(isRecord) : [],
  });
}

/** Registered authentication methods: read only here. They have a limit of their own, see throttling.ts. */
export const authenticationMethodRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/users/{user-id}/authentication/methods',
    // Source: the page authentication-list-methods.
    allOf: [['UserAuthenticationMethod.Read.All', 'UserAuthenticationMethod.ReadWrite.All']],
    handle: list,
  },
];
