import { isRecord, text, texts, type Entity, type View } from '../store/snapshot';
import type { Transaction } from '../store/store';

/** A licence as users and groups hold it: the product and what of it is switched off. */
export interface License {
  readonly skuId: string;
  readonly disabledPlans: readonly string[];
}

/** An entry of `licenseAssignmentStates`: where a licence comes from, and whether it took effect. */
export interface LicenseState extends License {
  readonly assignedByGroup: string | null;
  readonly state: string;
  readonly error: string;
}

const licensesOf = (object: Entity | undefined): License[] =>
  Array.isArray(object?.['assignedLicenses']) ? (object['assignedLicenses'] as License[]) : [];

/** Where the licences of a user come from. A user without states but with licences has them directly. */
export function statesOf(user: Entity): LicenseState[] {
  const states = user['licenseAssignmentStates'];
  if (Array.isArray(states)) return states as LicenseState[];
  return licensesOf(user).map(directState);
}

export const directState = ({ skuId, disabledPlans }: License): LicenseState => ({
  skuId,
  disabledPlans,
  assignedByGroup: null,
  state: 'Active',
  error: 'None',
});

/** What a user has by these states: a plan is off only where every source switches it off. */
export function licensesFrom(states: readonly LicenseState[]): License[] {
  const active = states.filter(({ state }) => state === 'Active');
  return [...new Set(active.map(({ skuId }) => skuId))].map((skuId) => {
    const sources = active.filter((one) => one.skuId === skuId);
    const [first = { disabledPlans: [] }] = sources;
    return {
      skuId,
      disabledPlans: first.disabledPlans.filter((plan) => sources.every((one) => one.disabledPlans.includes(plan))),
    };
  });
}

/** Seats of a product that nobody has. */
export function seatsLeft(view: View, skuId: string): number {
  const sku = product(view, skuId);
  const enabled = isRecord(sku?.['prepaidUnits']) ? Number(sku['prepaidUnits']['enabled'] ?? 0) : 0;
  return enabled - view.list('users').filter((user) => licensesOf(user).some((one) => one.skuId === skuId)).length;
}

/** The tenant's product with this id; products are kept in `subscribedSkus`. */
export const product = (view: View, skuId: string): Entity | undefined =>
  view.list('subscribedSkus').find((sku) => text(sku, 'skuId') === skuId);

/** Transaction hook: members of groups with licences get them, and lose them with the membership. */
export function recomputeGroupLicenses(tx: Transaction): void {
  for (const { collection, before, after } of tx.changes()) {
    if (collection !== 'groups' || licensesOf(before ?? after).length === 0) continue;
    const touched = new Set([...texts(before, 'members'), ...texts(after, 'members')]);
    const both = texts(before, 'members').filter((id) => texts(after, 'members').includes(id));
    for (const id of both) touched.delete(id);
    for (const id of touched) inherit(tx, id);
  }
}

function inherit(tx: Transaction, userId: string): void {
  const user = tx.get('users', userId);
  if (user === undefined) return;
  const sources = tx.list('groups').filter((group) => texts(group, 'members').includes(userId));
  const before = statesOf(user);
  const states = before.filter(({ assignedByGroup }) => assignedByGroup === null);
  for (const group of sources) {
    for (const license of licensesOf(group)) {
      const held = [...states, ...before].some(({ skuId, state }) => skuId === license.skuId && state === 'Active');
      const seat = held || seatsLeft(tx, license.skuId) > 0;
      states.push({
        ...directState(license),
        assignedByGroup: group.id,
        ...(seat ? {} : { state: 'Error', error: 'CountViolation' }),
      });
    }
  }
  tx.patch('users', userId, { licenseAssignmentStates: states, assignedLicenses: licensesFrom(states) });
}
