import { licensesFrom, product, seatsLeft, statesOf, directState, type License } from '../directory/licenses';
import { ok, type Reply } from '../http/message';
import { isRecord, text, texts, type Entity } from '../store/snapshot';
import { objectBody } from './bodies';
import { badRequest } from './errors';
import { listOf } from './odata/list';
import { projected } from './odata/projection';
import { licenseDetailsType, userType } from './odata/types';
import { isGuid, type Call, type Route } from './route';
import { requireManageable, userForWrite, userOf } from './targets';

function licenseDetails(call: Call): Reply {
  const details = licensesFrom(statesOf(userOf(call))).map(({ skuId }): Entity => {
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

/** Adds, changes and removes direct licences; those that come through groups are out of its reach. */
function assignLicense(call: Call): Reply {
  const body = objectBody(call);
  const adding = readLicenses(body);
  if (!Array.isArray(body['removeLicenses'])) throw badRequest("A value is required for parameter 'removeLicenses'.");
  const removing = texts({ ...body, id: '' }, 'removeLicenses').map((id) => id.toLowerCase());
  const user = userForWrite(call);
  requireManageable(call, user);
  const view = call.tenant.store.primary();
  if (adding.length > 0 && text(user, 'usageLocation') === undefined) {
    throw badRequest('License assignment cannot be done for user with invalid usage location.');
  }
  const states = statesOf(user);
  const held = licensesFrom(states);
  for (const { skuId } of adding) {
    if (product(view, skuId) === undefined) {
      throw badRequest(`License ${skuId} does not correspond to a valid company License.`);
    }
    if (!held.some((license) => license.skuId === skuId) && seatsLeft(view, skuId) <= 0) {
      throw badRequest(`Subscription with SKU ${skuId} does not have any available licenses.`);
    }
  }
  for (const skuId of removing) {
    const sources = states.filter((one) => one.skuId === skuId);
    if (sources.length === 0) throw badRequest('User does not have a corresponding license.');
    if (sources.every(({ assignedByGroup }) => assignedByGroup !== null)) {
      throw badRequest(
        'User license is inherited from a group membership and it cannot be removed directly from the user.',
      );
    }
  }
  const replaced = [...removing, ...adding.map(({ skuId }) => skuId)];
  const kept = states.filter(({ skuId, assignedByGroup }) => assignedByGroup !== null || !replaced.includes(skuId));
  const licenseAssignmentStates = [...kept, ...adding.map(directState)];
  const after = call.tenant.store.transaction((tx) =>
    tx.patch('users', user.id, { licenseAssignmentStates, assignedLicenses: licensesFrom(licenseAssignmentStates) }),
  );
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#users/$entity`,
    ...projected({ type: userType, entity: after }, undefined),
  });
}

/** Licences of a user. */
export const licenseRoutes: readonly Route[] = [
  { method: 'GET', path: '/users/{user-id}/licenseDetails', handle: licenseDetails },
  { method: 'POST', path: '/users/{user-id}/assignLicense', handle: assignLicense },
];
