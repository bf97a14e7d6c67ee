import { text, without, type Entity, type View } from '../store/snapshot';
import { tenantId } from '../tenant';
import type { Row } from './kusto';
import { propertiesOf, roleGuid } from './rbac';
import { assignmentsAt } from './schedules';

/** A row of the index, where it lies, and what its reader must be allowed to do there. */
export interface ScopedRow {
  readonly row: Row;
  readonly scope: string;
  readonly action: string;
  /** True for what everybody sees who may do the action anywhere: the built-in roles. */
  readonly everywhere?: true;
}

const subscriptionOf = (scope: string): string => /^\/subscriptions\/([^/]+)/i.exec(scope)?.[1] ?? '';

const resourceGroupOf = (scope: string): string =>
  (/^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(scope)?.[1] ?? '').toLowerCase();

/** The columns that every row has. */
function rowOf(view: View, { id, name, type, location }: Entity, more: Row): Row {
  return {
    id,
    name,
    type: String(type).toLowerCase(),
    tenantId: tenantId(view),
    kind: '',
    location: location ?? 'global',
    resourceGroup: resourceGroupOf(id),
    subscriptionId: subscriptionOf(id),
    managedBy: '',
    sku: null,
    plan: null,
    tags: null,
    identity: null,
    zones: null,
    extendedLocation: null,
    ...more,
  };
}

/**
 * Role assignments and role definitions. The index spells ids its own way (`RoleAssignments`, `RoleDefinitions`),
 * names roles without the subscription, and leaves out what may be personal: the description.
 */
export function authorizationRows(view: View, now: number): ScopedRow[] {
  const assignments = assignmentsAt(view, now).map((assignment): ScopedRow => {
    const scope = String(propertiesOf(assignment)['scope']);
    const roleDefinitionId = definitionId(roleGuid(String(propertiesOf(assignment)['roleDefinitionId'])));
    return {
      scope,
      action: 'Microsoft.Authorization/roleAssignments/read',
      row: rowOf(view, assignment, {
        id: assignment.id.replace(/roleAssignments(?=\/[^/]+$)/, 'RoleAssignments'),
        properties: { ...without(propertiesOf(assignment), 'description'), roleDefinitionId },
      }),
    };
  });
  const definitions = view.list('azureRoleDefinitions').map((definition): ScopedRow => {
    const id = definitionId(text(definition, 'name') ?? '');
    return {
      scope: '/',
      action: 'Microsoft.Authorization/roleDefinitions/read',
      everywhere: true,
      row: rowOf(view, definition, { id, properties: propertiesOf(definition) }),
    };
  });
  return [...assignments, ...definitions];
}

const definitionId = (name: string): string => `/providers/Microsoft.Authorization/RoleDefinitions/${name}`;

/** Resources, Key Vaults with their access policies among them; resource groups are in a table of their own. */
export function resourceRows(view: View): ScopedRow[] {
  return view
    .list('azureResources')
    .filter(({ type }) => type !== 'Microsoft.Resources/resourceGroups')
    .map((resource) => ({
      scope: resource.id,
      action: `${String(resource['type'])}/read`,
      row: rowOf(view, resource, { properties: resource['properties'] ?? {} }),
    }));
}
