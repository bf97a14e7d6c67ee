import { ok, type Reply } from '../http/message';
import { isRecord, text, texts, type Entity, type View } from '../store/snapshot';
import { objectBody } from './bodies';
import { badRequest } from './errors';
import { listOf } from './odata/list';
import { projected } from './odata/projection';
import { licenseDetailsType, userType } from './odata/types';
import { isGuid, type Call, type Route } from './route';
import { userForWrite, userOf } from './targets';

interface License {
  readonly skuId: string;
  readonly disabledPlans: readonly string[];
}

const licensesOf = (user: Entity): License[] =>
  Array.isArray(user['assignedLicenses']) ? (user['assignedLicenses'] as License[]) : [];

/** The tenant's product with this id; products are kept in `subscribedSkus`. */
const product = (view: View, skuId: string): Entity | undefined =>
  view.list('subscribedSkus').find((sku) => text(sku, 'skuId') === skuId);

function licenseDetails(call: Call): Reply {
  const details = licensesOf(userOf(call)).map(({ skuId }): Entity => {
    const sku = product(call.replica, skuId);
    return { id: skuId, skuId, skuPartNumber: sku?.['skuPartNumber'], servicePlans: sku?.['servicePlans'] };
  });
  return listOf(call, licenseDetailsType, details, { context: 'licenseDetails' });
}

function readLicenses(body: Readonly<Record<string, unknown>>): License[] {
  const add = body['addLicenses'];
  if (!Array.isArray(add)) throw badRequest("A value is required for parameter 'addLicenses'.");
  return add.map((license: unknown): License => {
    const skuId = isRecord(license) ? license['skuId'] : undefined;
    if (typeof skuId !== 'string' || !isGuid(skuId)) throw badRequest('License assignment failed: invalid skuId.');
    return { skuId: skuId.toLowerCase(), disabledPlans: texts(license as Entity, 'disabledPlans') };
  });
}

function assignLicense(call: Call): Reply {
  const body = objectBody(call);
  const adding = readLicenses(body);
  if (!Array.isArray(body['removeLicenses'])) throw badRequest("A value is required for parameter 'removeLicenses'.");
  const removing = texts({ ...body, id: '' }, 'removeLicenses').map((id) => id.toLowerCase());
  const user = userForWrite(call);
  const view = call.tenant.store.primary();
  if (adding.length > 0 && text(user, 'usageLocation') === undefined) {
    throw badRequest('License assignment cannot be done for user with invalid usage location.');
  }
  const held = licensesOf(user);
  for (const { skuId } of adding) {
    const sku = product(view, skuId);
    if (sku === undefined) throw badRequest(`License ${skuId} does not correspond to a valid company License.`);
    if (!held.some((license) => license.skuId === skuId) && seatsLeft(view, sku) <= 0) {
      throw badRequest(`Subscription with SKU ${skuId} does not have any available licenses.`);
    }
  }
  for (const skuId of removing) {
    if (!held.some((license) => license.skuId === skuId))
      throw badRequest('User does not have a corresponding license.');
  }
  const kept = held.filter(({ skuId }) => !removing.includes(skuId) && !adding.some((one) => one.skuId === skuId));
  const assignedLicenses = [...kept, ...adding];
  const after = call.tenant.store.transaction((tx) =>
    tx.patch('users', user.id, { assignedLicenses, licenseAssignmentStates: assignedLicenses.map(directState) }),
  );
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#users/$entity`,
    ...projected({ type: userType, entity: after }, undefined),
  });
}

const directState = ({ skuId, disabledPlans }: License) => ({
  skuId,
  disabledPlans,
  assignedByGroup: null,
  state: 'Active',
  error: 'None',
});

function seatsLeft(view: View, sku: Entity): number {
  const enabled = isRecord(sku['prepaidUnits']) ? Number(sku['prepaidUnits']['enabled'] ?? 0) : 0;
  const used = view.list('users').filter((user) => licensesOf(user).some(({ skuId }) => skuId === sku['skuId'])).length;
  return enabled - used;
}

/** Licences of a user. */
export const licenseRoutes: readonly Route[] = [
  { method: 'GET', path: '/users/{user-id}/licenseDetails', handle: licenseDetails },
  { method: 'POST', path: '/users/{user-id}/assignLicense', handle: assignLicense },
];
