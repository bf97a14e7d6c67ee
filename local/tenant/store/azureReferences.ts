import { isRecord, text, type View } from './snapshot';

/**
 * Checks that schedules of PIM for Azure roles name roles that exist. Whom they are about is not checked: schedules,
 * role assignments and access policies outlive the identity.
 *
 * @param require throws, naming the place, unless the object was found
 */
export function checkAzureReferences(
  view: View,
  require: (found: boolean, place: string, id: string | undefined) => void,
): void {
  const roles = new Set(view.list('azureRoleDefinitions').map((definition) => text(definition, 'name')));
  for (const name of ['azureRoleEligibilitySchedules', 'azureRoleAssignmentSchedules']) {
    for (const [index, { properties }] of view.list(name).entries()) {
      const role = isRecord(properties) ? String(properties['roleDefinitionId']) : '';
      const known = roles.has(role.slice(role.lastIndexOf('/') + 1).toLowerCase());
      require(known, `${name}[${index}].properties.roleDefinitionId`, role);
    }
  }
}
