import type { Period } from '../directory/period';
import { part, text, type Entity, type View } from '../store/snapshot';
import { GraphError } from './errors';

/** What PIM's settings ask of an administrator's assignment. `maxDays` absent = it may be permanent. */
export interface Rules {
  readonly maxDays?: number;
  /** Of `Justification`, `Ticketing`, `MultiFactorAuthentication`. */
  readonly require?: readonly string[];
}

const day = 24 * 60 * 60 * 1000;

/** Microsoft's settings for roles and groups that nobody has configured. */
const defaults = {
  role: { eligible: {}, active: { require: ['Justification'] } },
  group: { eligible: { maxDays: 365 }, active: { maxDays: 180, require: ['Justification'] } },
} satisfies Record<string, Record<'eligible' | 'active', Rules>>;

/** The settings for a role: `pim` of its definition, e.g. `{"eligible": {"maxDays": 365}}`. */
export function roleRules(definition: Entity | undefined, list: 'eligible' | 'active'): Rules {
  return part(part(definition, 'pim'), list) ?? defaults.role[list];
}

/** The settings for a group: `pim` of the group, by access id, e.g. `{"member": {"active": {"maxDays": 30}}}`. */
export function groupRules(view: View, groupId: string, accessId: string, list: 'eligible' | 'active'): Rules {
  const settings = part(view.get('groups', groupId), 'pim');
  return part(part(settings, accessId), list) ?? defaults.group[list];
}

/** Refuses, naming the failed rules, what the settings do not allow. */
export function requirePolicy(rules: Rules, request: Entity, period: Period): void {
  const { maxDays, require = [] } = rules;
  const tooLong = maxDays !== undefined && (period.end ?? Infinity) - period.start > maxDays * day;
  const missing: Readonly<Record<string, boolean>> = {
    Justification: (text(request, 'justification') ?? '') === '',
    Ticketing: typeof part(request, 'ticketInfo')?.['ticketNumber'] !== 'string',
    // An application never signs in with a second factor.
    MultiFactorAuthentication: true,
  };
  const names: Readonly<Record<string, string>> = {
    Justification: 'JustificationRule',
    Ticketing: 'TicketingRule',
    MultiFactorAuthentication: 'MfaRule',
  };
  const failed = [
    ...(tooLong ? ['ExpirationRule'] : []),
    ...require.filter((rule) => missing[rule] === true).map((rule) => names[rule] ?? rule),
  ];
  if (failed.length === 0) return;
  throw new GraphError(
    400,
    'RoleAssignmentRequestPolicyValidationFailed',
    `The following policy rules failed: ${JSON.stringify(failed)}`,
  );
}
