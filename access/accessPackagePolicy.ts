import { z } from 'zod';
import type { Graph } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';
import type { AssignmentPolicy, HeldAssignment } from './accessPackageAssignments';
import { ruleInWords } from './rules';

const groupShape = z.object({ id: z.string(), groupTypes: z.array(z.string()).nullish() });

/**
 * The groups by rule among those that the policies admit. The new guest is in such a group before packages are
 * restored, because attributes come first; in an assigned group only afterwards.
 */
export async function dynamicGroupsAmong(assignments: readonly HeldAssignment[], graph: Graph): Promise<Set<string>> {
  const ids = new Set(
    assignments.flatMap(({ assignmentPolicy }) => (assignmentPolicy ? groupsOf(assignmentPolicy) : [])),
  );
  const groups = await Promise.all(
    [...ids].map((id) =>
      graph.read(`/groups/${id}?$select=id,groupTypes`, groupShape).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      }),
    ),
  );
  return new Set(
    groups.flatMap((group) =>
      group?.groupTypes?.includes('DynamicMembership') === true ? [group.id.toLowerCase()] : [],
    ),
  );
}

/**
 * Why the policy surely keeps an app from assigning its package to the new guest, as an instruction; undefined when it
 * may be tried. A direct assignment has to be within the scope of the policy, like any other.
 */
export function whyNotByPolicy(policy: AssignmentPolicy, dynamicGroups: ReadonlySet<string>): string | undefined {
  const name = JSON.stringify(policy.displayName ?? policy.id);
  if (policy.automaticRequestSettings) {
    return `The policy ${name} assigns the package by itself: it follows ${ruleInWords(ruleOf(policy))}`;
  }
  const byOtherPolicy = 'Extend the policy, or assign the package by another one.';
  switch (policy.allowedTargetScope?.toLowerCase()) {
    case 'specificconnectedorganizationusers':
    case 'allconfiguredconnectedorganizationusers':
      return (
        `The policy ${name} admits users of connected organizations; a personal account belongs to none. ` +
        byOtherPolicy
      );
    case 'specificdirectoryusers':
      if (groupsOf(policy).some((id) => dynamicGroups.has(id))) return undefined;
      return (
        `The policy ${name} admits only users and members of groups that it names, and the new guest is not among ` +
        `them before groups are restored. Assign the package by hand, after adding the guest if the policy names users.`
      );
    case undefined:
    default:
      return undefined;
  }
}

/** Whether the policy admits members of certain groups; one that an app may use names a group by rule then. */
export function namesGroups({ allowedTargetScope }: AssignmentPolicy): boolean {
  return allowedTargetScope?.toLowerCase() === 'specificdirectoryusers';
}

function groupsOf(policy: AssignmentPolicy): string[] {
  return (policy.specificAllowedTargets ?? []).flatMap(({ groupId }) => (groupId ? [groupId.toLowerCase()] : []));
}

function ruleOf(policy: AssignmentPolicy): string | undefined {
  return (
    (policy.specificAllowedTargets ?? []).find(({ membershipRule }) => membershipRule)?.membershipRule ?? undefined
  );
}
