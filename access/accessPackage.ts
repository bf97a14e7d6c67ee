import { z } from 'zod';
import type { Grant } from '../domain/grants';
import type { Graph } from '../domain/ports';
import { isNotFound } from '../domain/serviceError';
import {
  ENTITLEMENTS,
  isHeld,
  packageData,
  readAssignments,
  scheduleEnd,
  unlessUnlicensed,
  type Delivered,
  type HeldAssignment,
} from './accessPackageAssignments';
import { restorePackages } from './accessPackageRequests';
import { dynamicGroupsAmong, namesGroups, whyNotByPolicy } from './accessPackagePolicy';
import type { AccessKind } from './kind';

const NO_POLICY = 'The policy of the assignment is not readable: assign the package by another one.';

const originShape = z.object({ originId: z.string().nullish(), originSystem: z.string().nullish() });
const packageShape = z.object({
  resourceRoleScopes: z.array(z.object({ role: originShape.nullish(), scope: originShape.nullish() })).nullish(),
});

/** Assignments of access packages (entitlement management). A package gives its groups and app roles itself. */
export const accessPackage: AccessKind = {
  kind: 'accessPackage',
  title: 'Access packages',
  calls: {
    capture: [
      'GET /identityGovernance/entitlementManagement/assignments',
      'GET /identityGovernance/entitlementManagement/accessPackages/{accessPackage-id}',
      'GET /groups/{group-id}',
    ],
    restore: [
      'GET /identityGovernance/entitlementManagement/assignments',
      'GET /identityGovernance/entitlementManagement/assignmentRequests',
      'POST /identityGovernance/entitlementManagement/assignmentRequests',
    ],
  },
  limits:
    'Assignments by rule, and by policies that admit only named users, members of an assigned group or one connected ' +
    'organization, are left to people; answers to questions, the start date and the approvals of the old assignment ' +
    'are lost.',
  capturePermissions: [
    {
      anyOf: ['EntitlementManagement.Read.All', 'EntitlementManagement.ReadWrite.All'],
      why: 'read the access packages of a guest',
    },
    {
      anyOf: ['GroupMember.Read.All', 'Group.Read.All', 'Directory.Read.All', 'Directory.ReadWrite.All'],
      why: 'see whether a rule fills a group that an access package admits',
    },
  ],
  restorePermissions: [
    { anyOf: ['EntitlementManagement.ReadWrite.All'], why: 'assign access packages to the new guest' },
  ],
  async capture(guestId, { graph }) {
    const assignments = await unlessUnlicensed(readAssignments(guestId, graph));
    const held = assignments.filter(isHeld);
    const [given, dynamicGroups] = await Promise.all([
      Promise.all(held.map(({ accessPackage: { id } }) => deliveredBy(id, graph))),
      dynamicGroupsAmong(held, graph),
    ]);
    return held.map((assignment, place) => grantOf(assignment, given[place] ?? [], dynamicGroups));
  },
  restore: restorePackages,
};

/** The groups and app roles that a captured package gives. Throws when its data is not what was written. */
export function deliveriesOf(grant: Grant): readonly Delivered[] {
  return packageData.parse(grant.data).delivers;
}

/** What a package gives, in the words of the kinds that restore it otherwise. Sites are not among them. */
async function deliveredBy(packageId: string, graph: Graph): Promise<Delivered[]> {
  const path = `${ENTITLEMENTS}/accessPackages/${packageId}`;
  try {
    const found = await graph.read(`${path}?$expand=resourceRoleScopes($expand=role,scope)`, packageShape);
    return (found.resourceRoleScopes ?? []).flatMap(({ role, scope }) => delivered(role ?? {}, scope ?? {}));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Roles of groups are called `Member_{group}` and `Owner_{group}`, those of applications by their app role. */
function delivered(role: z.infer<typeof originShape>, scope: z.infer<typeof originShape>): Delivered[] {
  const [roleId, scopeId] = [role.originId, scope.originId?.toLowerCase()];
  if (!roleId || !scopeId) return [];
  if (role.originSystem === 'AadApplication') return [{ kind: 'appRole', key: `${scopeId}/${roleId.toLowerCase()}` }];
  if (role.originSystem !== 'AadGroup') return [];
  if (roleId.startsWith('Member_')) return [{ kind: 'groupMembership', key: scopeId }];
  return roleId.startsWith('Owner_') ? [{ kind: 'groupOwnership', key: scopeId }] : [];
}

function grantOf(assignment: HeldAssignment, delivers: Delivered[], dynamicGroups: ReadonlySet<string>): Grant {
  const { accessPackage: found, assignmentPolicy } = assignment;
  const policyId = assignmentPolicy?.id ?? 'none';
  const value = scheduleEnd(assignment.schedule) ?? null;
  const reason = assignmentPolicy ? whyNotByPolicy(assignmentPolicy, dynamicGroups) : NO_POLICY;
  const instruction = reason === undefined ? undefined : `${reason}${aside(delivers, value)}`;
  return {
    kind: 'accessPackage',
    key: `${found.id}/${policyId}`,
    name: found.displayName ?? found.id,
    ...(instruction === undefined ? {} : { instruction }),
    data: {
      accessPackageId: found.id,
      assignmentPolicyId: policyId,
      value,
      delivers,
      ...(reason === undefined && assignmentPolicy && namesGroups(assignmentPolicy) ? { admittedByRule: true } : {}),
    },
  };
}

/** What a package that is left to people means for what it gives: that is restored directly, without its end. */
function aside(delivers: readonly Delivered[], end: string | null): string {
  if (delivers.length === 0) return '';
  const until = end === null ? '' : `, without the end on ${end.slice(0, 10)}`;
  return ` The groups and app roles that it gives are restored directly${until}.`;
}
