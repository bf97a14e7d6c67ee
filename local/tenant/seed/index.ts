import { customSecurityAttributeDefinitions, extensionProperties } from './attributes';
import { azurePim } from './azurePim';
import * as governance from './governance';
import * as grants from './grants';
import { emptyTenant } from './emptyTenant';
import { administrativeUnitList, groupList } from './groups';
import { keyVaults } from './keyVaults';
import { employees, guestAccessMailbox, guestUsers } from './people';
import { policyList } from './conditionalAccess';
import { channelList } from './teams';
import * as pim from './pim';

const listOf = (document: Readonly<Record<string, unknown>>, name: string): readonly unknown[] =>
  document[name] as readonly unknown[];

/** The built-in tenant: a small company with guests of every kind. Same shape as `PUT /_tenant/state` takes. */
export function builtInTenant(): Readonly<Record<string, unknown>> {
  const base = emptyTenant();
  return {
    ...base,
    users: [...employees, ...guestUsers, guestAccessMailbox],
    groups: groupList,
    administrativeUnits: administrativeUnitList,
    channels: channelList,
    conditionalAccessPolicies: policyList,
    servicePrincipals: [...listOf(base, 'servicePrincipals'), ...grants.applications],
    appRoleAssignments: grants.appRoleAssignments,
    oauth2PermissionGrants: grants.oauth2PermissionGrants,
    roleAssignments: [...listOf(base, 'roleAssignments'), ...grants.roleAssignments],
    ...pim,
    subscribedSkus: governance.subscribedSkus,
    applications: governance.registrations,
    accessPackages: governance.packages,
    accessPackageAssignmentPolicies: governance.policies,
    accessPackageAssignments: governance.assignments,
    managementGroups: [...listOf(base, 'managementGroups'), grants.plantsManagementGroup],
    azureSubscriptions: grants.azureSubscriptions,
    azureResources: [...grants.azureResources, ...keyVaults],
    ...azurePim(Date.now()),
    azureRoleAssignments: [...listOf(base, 'azureRoleAssignments'), ...grants.azureRoleAssignments],
    extensionProperties,
    customSecurityAttributeDefinitions,
    contacts: [
      {
        id: '0c000000-0000-4000-8000-000000000001',
        displayName: 'Goods Reception',
        mail: 'goods.reception@harbourfreight.example',
        proxyAddresses: ['SMTP:goods.reception@harbourfreight.example'],
      },
    ],
    externalOrganizations: [
      { id: 'e0000000-0000-4000-8000-000000000001', displayName: 'Östsund Mätteknik', domains: ['ostsund.example'] },
      { id: 'e0000000-0000-4000-8000-000000000002', displayName: 'Lusomed', domains: ['lusomed.example'] },
      { id: 'e0000000-0000-4000-8000-000000000003', displayName: 'Vltava Systems', domains: ['vltavasys.example'] },
    ],
  };
}
