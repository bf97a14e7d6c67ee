import { azure, azureRoles, guests, numbered, staff } from './ids';

const day = 24 * 60 * 60 * 1000;

const ownContainer =
  "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR " +
  "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'aurora'))";

interface More {
  /** Absent = for good. */
  readonly endDateTime?: string;
  readonly condition?: string;
  /** Name of the eligibility that was activated; absent = assigned by an administrator. */
  readonly activates?: string;
}

type List = 'RoleEligibilitySchedules' | 'RoleAssignmentSchedules';

function schedule(list: List, number: number, principalId: string, role: string, scope: string, more: More) {
  const name = numbered(list === 'RoleEligibilitySchedules' ? 'a2e00000' : 'a2a00000', number);
  const [subscription = ''] = /^\/subscriptions\/[^/]+/.exec(scope) ?? [];
  const stamp = '2025-01-13T09:30:00.000Z';
  return {
    id: `${scope}/providers/Microsoft.Authorization/${list}/${name}`,
    name,
    properties: {
      scope,
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId,
      principalType: 'User',
      status: 'Provisioned',
      memberType: 'Direct',
      startDateTime: stamp,
      endDateTime: more.endDateTime ?? null,
      createdOn: stamp,
      updatedOn: stamp,
      condition: more.condition ?? null,
      conditionVersion: more.condition === undefined ? null : '2.0',
      ...(list === 'RoleEligibilitySchedules'
        ? {}
        : {
            assignmentType: more.activates === undefined ? 'Assigned' : 'Activated',
            linkedRoleEligibilityScheduleId: more.activates ?? null,
          }),
    },
  };
}

/**
 * Who is eligible for Azure roles, and who holds one for a time. The times lie after `now` (milliseconds), because a
 * schedule that is over is gone; Mara has activated one of hers.
 */
export function azurePim(now: number) {
  const inDays = (days: number): string => new Date(now + days * day).toISOString();
  const { mara, tomas } = guests;
  const { contributor, reader, monitoringReader, blobDataContributor } = azureRoles;
  const eligible = (number: number, principalId: string, role: string, scope: string, more: More) =>
    schedule('RoleEligibilitySchedules', number, principalId, role, scope, more);
  const active = (number: number, principalId: string, role: string, scope: string, more: More) =>
    schedule('RoleAssignmentSchedules', number, principalId, role, scope, more);
  return {
    azureRoleEligibilitySchedules: [
      eligible(1, mara, contributor, azure.labSubscription, { endDateTime: inDays(300) }),
      eligible(2, mara, reader, azure.productionSubscription, {}),
      eligible(3, mara, blobDataContributor, azure.measurementsStorage, {
        endDateTime: inDays(200),
        condition: ownContainer,
      }),
      eligible(4, tomas, reader, azure.labSubscription, { endDateTime: inDays(100) }),
      eligible(5, staff.qualityEngineer, contributor, azure.measurementsGroup, { endDateTime: inDays(120) }),
    ],
    azureRoleAssignmentSchedules: [
      active(1, mara, monitoringReader, azure.portalGroup, { endDateTime: inDays(150) }),
      active(2, mara, contributor, azure.labSubscription, {
        endDateTime: inDays(1 / 3),
        activates: numbered('a2e00000', 1),
      }),
      active(3, tomas, monitoringReader, azure.portalGroup, { endDateTime: inDays(60) }),
    ],
  };
}
