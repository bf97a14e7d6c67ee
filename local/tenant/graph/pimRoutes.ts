import { type PimArea } from '../directory/schedules';
import type { Reply } from '../http/message';
import { type Entity, type View } from '../store/snapshot';
import { GraphError, notFound } from './errors';
import type { Expandable } from './odata/expand';
import { listOf } from './odata/list';
import { entityReply } from './odata/projection';
import type { ObjectType } from './odata/types';
import { cancelRequest, postRequest, type RequestRules } from './pimRequests';
import { instancesOf, requestsOf } from './pimSchedules';
import { param, type Call, type Route } from './route';

/** Service plan of Microsoft Entra ID P2, which brings Privileged Identity Management. */
const premiumP2 = 'eec0eb4f-6444-4f95-aba0-50c24d67f998';

/** Refuses in a tenant whose organization has no enabled plan of Entra ID P2, as PIM does: 400, not 403. */
export function requirePremium(call: Call): void {
  const plans = call.tenant.store.primary().single('organization')['assignedPlans'];
  const enabled = (Array.isArray(plans) ? (plans as Readonly<Record<string, unknown>>[]) : []).some(
    (plan) => plan['servicePlanId'] === premiumP2 && plan['capabilityStatus'] === 'Enabled',
  );
  if (enabled) return;
  throw new GraphError(
    400,
    'AadPremiumLicenseRequired',
    'The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.',
  );
}

/** One list of schedules with what belongs to it: instances, single schedules, requests. */
export interface PimList {
  /** Path before the names, e.g. `/roleManagement/directory`. */
  readonly base: string;
  readonly area: PimArea;
  readonly list: 'eligible' | 'active';
  /** Names in paths and types of what is found there. */
  readonly schedules: { readonly name: string; readonly placeholder: string; readonly type: ObjectType };
  readonly instances: { readonly name: string; readonly reference: string; readonly type: ObjectType };
  readonly requests: { readonly name: string; readonly placeholder: string; readonly type: ObjectType };
  readonly standing: (view: View, now: number) => Entity[];
  readonly expand: (call: Call) => Expandable;
  /** Refuses a list that is asked for too widely. */
  readonly checkQuery: (call: Call) => void;
  readonly rules: Pick<RequestRules, 'target' | 'requireFitting' | 'policy' | 'removePlain' | 'scheduleId'>;
}

/** The routes of one list of schedules. All of them need the licence. */
export function pimListRoutes(pim: PimList): Route[] {
  const { base, schedules, instances, requests } = pim;
  const contextOf = (name: string): string => `${base.slice(1)}/${name}`;
  const collection = pim.list === 'eligible' ? pim.area.eligibleRequests : pim.area.activeRequests;
  const rules: RequestRules = {
    ...pim.rules,
    area: pim.area,
    list: pim.list,
    type: requests.type,
    placeholder: requests.placeholder,
    context: contextOf(requests.name),
    standing: (call, now) => pim.standing(call.tenant.store.primary(), now),
  };
  const shown = (call: Call): Entity[] => pim.standing(call.replica, call.tenant.clock.now());
  const running = (call: Call): Entity[] => instancesOf(shown(call), instances.reference, call.tenant.clock.now());
  const asked = (call: Call): Entity[] => requestsOf(call.replica, collection);
  const route = (method: 'GET' | 'POST', path: string, handle: (call: Call) => Reply): Route => ({
    method,
    path: `${base}/${path}`,
    handle: (call) => {
      requirePremium(call);
      return handle(call);
    },
  });
  const listed = (name: string, type: ObjectType, find: (call: Call) => Entity[]): Route =>
    route('GET', name, (call) => {
      pim.checkQuery(call);
      return listOf(call, type, find(call), { context: contextOf(name), expand: pim.expand(call) });
    });
  const single = (name: string, placeholder: string, type: ObjectType, find: (call: Call) => Entity[]): Route =>
    route('GET', `${name}/{${placeholder}}`, (call) => {
      const id = param(call, placeholder);
      const entity = find(call).find((one) => one.id === id);
      if (entity === undefined) throw notFound(id);
      return entityReply(call, { type, entity }, contextOf(name), pim.expand(call));
    });
  return [
    listed(schedules.name, schedules.type, shown),
    single(schedules.name, schedules.placeholder, schedules.type, shown),
    listed(instances.name, instances.type, running),
    listed(requests.name, requests.type, asked),
    single(requests.name, requests.placeholder, requests.type, asked),
    route('POST', requests.name, (call) => postRequest(call, rules)),
    route('POST', `${requests.name}/{${requests.placeholder}}/cancel`, (call) => cancelRequest(call, rules)),
  ];
}
