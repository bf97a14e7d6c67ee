import { ok, type Reply } from '../http/message';
import { flag, isRecord, sameText, text, texts, type Entity, type View } from '../store/snapshot';
import { badRequest } from './errors';
import { projected } from './odata/projection';
import { extensionPropertyType } from './odata/types';
import type { Call, Route } from './route';

const pattern = /^extension_[0-9a-f]{32}_\w+$/i;

/** True for the name of a directory extension: `extension_<application id without hyphens>_<name>`. */
export const isExtensionName = (name: string): boolean => pattern.test(name);

/** The definition of a directory extension for users. Throws Graph's 400 when no application of the tenant has it. */
export function requireExtension(view: View, name: string): Entity {
  const found = view
    .list('extensionProperties')
    .find((one) => sameText(text(one, 'name'), name) && texts(one, 'targetObjects').includes('User'));
  if (found === undefined) throw badRequest(`The following extension properties are not available: ${name}.`);
  return found;
}

const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
  String: (value) => typeof value === 'string' && value.length <= 256,
  Integer: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  LargeInteger: (value) => Number.isInteger(value),
  Boolean: (value) => typeof value === 'boolean',
  DateTime: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  Binary: (value) => typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
};

/** Refuses a value that does not fit the extension's type, and every value of one that is mastered on-premises. */
export function checkExtensionValue(view: View, name: string, value: unknown): void {
  const definition = requireExtension(view, name);
  if (flag(definition, 'isSyncedFromOnPremises')) {
    throw badRequest(`Property '${name}' is synchronized from on-premises and cannot be set.`);
  }
  if (value === null) return;
  const one = fits[text(definition, 'dataType') ?? ''] ?? (() => false);
  const list = flag(definition, 'isMultiValued');
  if (list ? !(Array.isArray(value) && value.every(one)) : !one(value)) {
    throw badRequest(`Invalid value specified for property '${name}' of resource 'User'.`);
  }
}

/** Definitions of every application that the tenant knows; `isSyncedFromOnPremises` leaves only one sort. */
function availableExtensions(call: Call): Reply {
  const wanted = isRecord(call.body) ? call.body['isSyncedFromOnPremises'] : undefined;
  const definitions = call.replica
    .list('extensionProperties')
    .filter((one) => typeof wanted !== 'boolean' || flag(one, 'isSyncedFromOnPremises') === wanted);
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#Collection(extensionProperty)`,
    value: definitions.map((entity) => ({
      '@odata.type': extensionPropertyType.odataType,
      ...projected({ type: extensionPropertyType, entity }, undefined),
    })),
  });
}

/** Which directory extensions there are. Their values are properties of users. */
export const directoryExtensionRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/directoryObjects/getAvailableExtensionProperties',
    // Source: the page directoryobject-getavailableextensionproperties, which names no higher permission.
    allOf: [['Directory.Read.All']],
    handle: availableExtensions,
  },
];
