/**
 * An Azure role assignment in Resource Manager's shape.
 *
 * @param name GUID, unique in the tenant
 * @param role GUID of the role definition
 */
export function azureAssignment(
  name: string,
  scope: string,
  role: string,
  principalId: string,
  principalType: 'User' | 'Group' | 'ServicePrincipal',
  more: { readonly condition?: string; readonly description?: string } = {},
) {
  const [subscription = ''] = /^\/subscriptions\/[^/]+/.exec(scope) ?? [];
  const stamp = '2024-09-02T07:15:00.000Z';
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: 'Microsoft.Authorization/roleAssignments',
    properties: {
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId,
      principalType,
      scope,
      condition: more.condition ?? null,
      conditionVersion: more.condition === undefined ? null : '2.0',
      description: more.description ?? null,
      createdOn: stamp,
      updatedOn: stamp,
      createdBy: null,
      updatedBy: null,
    },
  };
}
