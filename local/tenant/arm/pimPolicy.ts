import type { Period } from '../directory/period';
import { part, text, type Entity, type View } from '../store/snapshot';
import { ArmError } from './errors';
import type { ScheduleList } from './schedules';

/** Service plan of Microsoft Entra ID P2, which brings Privileged Identity Management. */
const premiumP2 = 'eec0eb4f-6444-4f95-aba0-50c24d67f998';

/** Refuses in a tenant whose organization has no enabled plan of Entra ID P2, as PIM does: 400, not 403. */
export function requirePremium(view: View): void {
  const plans = view.single('organization')['assignedPlans'];
  const enabled = (Array.isArray(plans) ? (plans as Readonly<Record<string, unknown>>[]) : []).some(
    (plan) => plan['servicePlanId'] === premiumP2 && plan['capabilityStatus'] === 'Enabled',
  );
  if (!enabled) throw new ArmError(400, 'AadPremiumLicenseRequired', 'The tenant needs an AAD Premium 2 license.');
}

/** What PIM's settings ask of an administrator's assignment. `maxDays` absent = it may be permanent. */
export interface Rules {
  readonly maxDays?: number;
  readonly requireJustification?: boolean;
}

/** Microsoft's settings for Azure roles that nobody has configured. */
const defaults: Readonly<Record<ScheduleList, Rules>> = {
  eligible: { maxDays: 365 },
  active: { maxDays: 180, requireJustification: true },
};

/** The settings for a role: `pim` of its definition, e.g. `{"eligible": {"maxDays": 365}}`. */
export const roleRules = (definition: Entity | undefined, list: ScheduleList): Rules =>
  part(part(definition, 'pim'), list) ?? defaults[list];

const day = 24 * 60 * 60 * 1000;

/** Refuses, naming the failed rules, what the settings do not allow. */
export function requirePolicy(rules: Rules, request: Entity, { start, end }: Period): void {
  const tooLong = rules.maxDays !== undefined && (end ?? Infinity) - start > rules.maxDays * day;
  const silent = rules.requireJustification === true && (text(request, 'justification') ?? '') === '';
  const failed = [...(tooLong ? ['ExpirationRule'] : []), ...(silent ? ['JustificationRule'] : [])];
  if (failed.length === 0) return;
  throw new ArmError(
    400,
    'RoleAssignmentRequestPolicyValidationFailed',
    `The following policy rules failed: ${JSON.stringify(failed)}`,
  );
}
