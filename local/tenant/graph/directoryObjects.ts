import { ok, type Reply } from '../http/message';
import { texts } from '../store/snapshot';
import { objectBody } from './bodies';
import { GraphError, badRequest, notFound } from './errors';
import { listOf } from './odata/list';
import { entityReply, projected, selection } from './odata/projection';
import { servicePrincipalType } from './odata/types';
import { normalId, param, type Call, type Route } from './route';
import { directoryObject, liveObjects, objectOf } from './targets';

function getObject(call: Call): Reply {
  const id = param(call, 'directoryObject-id');
  const object = directoryObject(call.replica, id);
  if (object === undefined) throw notFound(id);
  const reply = entityReply(call, object, 'directoryObjects');
  return ok({ '@odata.type': object.type.odataType, ...(reply.body as object) });
}

/** Up to 1,000 ids; unknown ones are silently left out, as Graph does. */
function getByIds(call: Call): Reply {
  const body = { ...objectBody(call), id: '' };
  const ids = texts(body, 'ids').map(normalId);
  if (ids.length === 0) throw badRequest('The ids parameter must be a non-empty collection.');
  if (ids.length > 1000) {
    throw new GraphError(400, 'Request_BadRequest', 'Too many elements present in the request: the maximum is 1000.');
  }
  const types = texts(body, 'types').map((type) => type.toLowerCase());
  const chosen = selection(call.query, undefined);
  const wanted = liveObjects(call.replica, [...new Set(ids)]).filter(({ type }) => {
    const name = type.odataType.slice('#microsoft.graph.'.length).toLowerCase();
    return types.length === 0 || types.includes(name) || types.includes('directoryobject');
  });
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#directoryObjects`,
    value: wanted.map((object) => ({ '@odata.type': object.type.odataType, ...projected(object, chosen) })),
  });
}

/** Objects of any type by id, and applications. */
export const directoryObjectRoutes: readonly Route[] = [
  { method: 'GET', path: '/directoryObjects/{directoryObject-id}', handle: getObject },
  { method: 'POST', path: '/directoryObjects/getByIds', handle: getByIds },
  {
    method: 'GET',
    path: '/servicePrincipals',
    handle: (call) =>
      listOf(call, servicePrincipalType, call.replica.list('servicePrincipals'), { context: 'servicePrincipals' }),
  },
  {
    method: 'GET',
    path: '/servicePrincipals/{servicePrincipal-id}',
    handle: (call) =>
      entityReply(
        call,
        { type: servicePrincipalType, entity: objectOf(call, 'servicePrincipals', 'servicePrincipal-id') },
        'servicePrincipals',
      ),
  },
];
