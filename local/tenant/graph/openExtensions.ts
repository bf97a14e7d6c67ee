import { created, noContent, ok, type Reply } from '../http/message';
import { isRecord, sameText, text, without, type Entity } from '../store/snapshot';
import { objectBody, requiredText } from './bodies';
import { badRequest, notFound, unsupportedQuery } from './errors';
import { param, type Call, type Route } from './route';
import { requireManageable, userForWrite, userOf } from './targets';

/** By Microsoft's comparison of extension types: two open extensions per creating application, 2 KB each. */
const mostPerApplication = 2;
const mostBytes = 2048;

const control = ['@odata.type', '@odata.context', '@odata.id', 'extensionName', 'id'];

/** A user's open extensions; `creatorAppId` is this simulation's own and never shown. */
function extensionsOf(user: Entity): Entity[] {
  const stored = user['extensions'];
  return Array.isArray(stored) ? (stored as unknown[]).filter((one): one is Entity => isRecord(one)) : [];
}

function find(extensions: readonly Entity[], name: string): Entity {
  const found = extensions.find((one) => sameText(one.id, name));
  if (found === undefined) throw notFound(name);
  return found;
}

/** Lists say of what type their elements are, since the extension itself has no type. */
function shown(extension: Entity): Record<string, unknown> {
  const content = Object.entries(without(extension, 'creatorAppId', 'id')).flatMap(([name, value]) =>
    Array.isArray(value)
      ? [[`${name}@odata.type`, `#Collection(${elementType(value)})`] as const, [name, value]]
      : [[name, value]],
  );
  return {
    '@odata.type': '#microsoft.graph.openTypeExtension',
    ...(Object.fromEntries(content) as Record<string, unknown>),
    id: extension.id,
  };
}

const elementType = (list: readonly unknown[]): string => (typeof list[0] === 'number' ? 'Int32' : 'String');

const isPrimitive = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** The content of a body: primitives and lists of primitives, at most 2 KB with the name. */
function contentOf(body: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const given = Object.entries(without(body, ...control)).filter(([, value]) => value !== null);
  const content = Object.fromEntries(given.filter(([property]) => !property.includes('@odata.')));
  for (const value of Object.values(content)) {
    if (!isPrimitive(value) && !(Array.isArray(value) && value.every(isPrimitive))) {
      throw badRequest('An extension can hold primitive values and lists of them only.');
    }
  }
  if (Buffer.byteLength(JSON.stringify({ ...content, extensionName: name })) > mostBytes) {
    throw badRequest('The size of the extension exceeds the limit.');
  }
  return content;
}

function list(call: Call): Reply {
  refuseOptions(call);
  const user = userOf(call);
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#users('${user.id}')/extensions`,
    value: extensionsOf(user).map(shown),
  });
}

function read(call: Call): Reply {
  refuseOptions(call);
  const user = userOf(call);
  const extension = find(extensionsOf(user), param(call, 'extension-id'));
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#users('${user.id}')/extensions/$entity`,
    ...shown(extension),
  });
}

/** Neither the list nor the item can be narrowed on directory objects. */
function refuseOptions(call: Call): void {
  const option = [...call.query.keys()].find((name) => name.startsWith('$'));
  if (option !== undefined) throw unsupportedQuery(`'${option}' is not supported by the service.`);
}

function create(call: Call): Reply {
  const user = userForWrite(call);
  requireManageable(call, user);
  const body = objectBody(call);
  if (!/^#?microsoft\.graph\.openTypeExtension$/.test(text({ id: '', ...body }, '@odata.type') ?? '')) {
    throw badRequest("The '@odata.type' of the extension must be microsoft.graph.openTypeExtension.");
  }
  const name = requiredText(body, 'extensionName');
  if (/^com\.(on)?microsoft\b/i.test(name)) throw badRequest(`The extension name '${name}' is reserved.`);
  const before = extensionsOf(user);
  if (before.some((one) => sameText(one.id, name))) throw badRequest('An extension already exists with given id.');
  const { appId } = call.caller;
  if (before.filter((one) => text(one, 'creatorAppId') === appId).length >= mostPerApplication) {
    throw badRequest('The application has the largest number of extensions on this resource already.');
  }
  const extension: Entity = { ...contentOf(body, name), id: name, creatorAppId: appId };
  call.tenant.store.transaction((tx) => tx.patch('users', user.id, { extensions: [...before, extension] }));
  return created({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#users('${user.id}')/extensions/$entity`,
    ...shown(extension),
    extensionName: name,
  });
}

/** On directory objects an update replaces: what the body does not name is removed. */
function update(call: Call): Reply {
  const user = userForWrite(call);
  requireManageable(call, user);
  const before = extensionsOf(user);
  const extension = find(before, param(call, 'extension-id'));
  const creatorAppId = text(extension, 'creatorAppId');
  const after: Entity = {
    ...contentOf(objectBody(call), extension.id),
    id: extension.id,
    ...(creatorAppId === undefined ? {} : { creatorAppId }),
  };
  call.tenant.store.transaction((tx) =>
    tx.patch('users', user.id, { extensions: before.map((one) => (one === extension ? after : one)) }),
  );
  return noContent();
}

const readers = [['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All']];
const writers = [['User.ReadWrite.All', 'Directory.ReadWrite.All']];

/** Open extensions of users. Permissions: the pages opentypeextension-get, -post and -update. */
export const openExtensionRoutes: readonly Route[] = [
  { method: 'GET', path: '/users/{user-id}/extensions', allOf: readers, handle: list },
  { method: 'POST', path: '/users/{user-id}/extensions', allOf: writers, handle: create },
  { method: 'GET', path: '/users/{user-id}/extensions/{extension-id}', allOf: readers, handle: read },
  { method: 'PATCH', path: '/users/{user-id}/extensions/{extension-id}', allOf: writers, handle: update },
];
