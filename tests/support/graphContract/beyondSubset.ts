/**
 * Operations of Graph v1.0 that Microsoft documents and that are not in the published subset which tests validate
 * against: the app or the simulated tenant has them all the same. Nothing else may be outside of the subset.
 */
export interface BeyondSubset {
  readonly method: string;
  /** Template below the version, placeholders in braces. */
  readonly path: string;
  /** Microsoft's page, by its name. */
  readonly source: string;
}

export const beyondSubset: readonly BeyondSubset[] = [
  {
    method: 'GET',
    path: '/users/{user-id}/ownedObjects/microsoft.graph.group',
    source: 'user-list-ownedobjects (cast)',
  },
  { method: 'GET', path: '/users/{user-id}/sponsorOf', source: 'user-list-sponsorof' },
  { method: 'GET', path: '/users/{user-id}/extensions', source: 'opentypeextension-get' },
  { method: 'POST', path: '/users/{user-id}/extensions', source: 'opentypeextension-post-opentypeextension' },
  { method: 'GET', path: '/users/{user-id}/extensions/{extension-id}', source: 'opentypeextension-get' },
  { method: 'PATCH', path: '/users/{user-id}/extensions/{extension-id}', source: 'opentypeextension-update' },
  {
    method: 'POST',
    path: '/directoryObjects/getAvailableExtensionProperties',
    source: 'directoryobject-getavailableextensionproperties',
  },
  { method: 'GET', path: '/users/{user-id}/authentication/methods', source: 'authentication-list-methods' },
  {
    method: 'GET',
    path: "/tenantRelationships/findTenantInformationByDomainName(domainName='{domainName}')",
    source: 'tenantrelationship-findtenantinformationbydomainname',
  },
  { method: 'POST', path: '/users/{user-id}/sendMail', source: 'user-sendmail' },
  { method: 'GET', path: '/users/{user-id}/joinedTeams', source: 'user-list-joinedteams' },
  { method: 'GET', path: '/teams/{team-id}/channels', source: 'channel-list' },
  { method: 'GET', path: '/teams/{team-id}/channels/{channel-id}', source: 'channel-get' },
  {
    method: 'PATCH',
    path: '/identity/conditionalAccess/policies/{conditionalAccessPolicy-id}',
    source: 'conditionalaccesspolicy-update',
  },
  { method: 'GET', path: '/applications', source: 'application-list' },
  { method: 'GET', path: '/applications/{application-id}', source: 'application-get' },
  { method: 'GET', path: '/applications/{application-id}/owners', source: 'application-list-owners' },
  { method: 'POST', path: '/applications/{application-id}/owners/$ref', source: 'application-post-owners' },
  { method: 'GET', path: '/servicePrincipals/{servicePrincipal-id}/owners', source: 'serviceprincipal-list-owners' },
  {
    method: 'POST',
    path: '/servicePrincipals/{servicePrincipal-id}/owners/$ref',
    source: 'serviceprincipal-post-owners',
  },
  {
    method: 'PATCH',
    path: '/oauth2PermissionGrants/{oAuth2PermissionGrant-id}',
    source: 'oauth2permissiongrant-update',
  },
  {
    method: 'GET',
    path: '/identityGovernance/entitlementManagement/accessPackages',
    source: 'entitlementmanagement-list-accesspackages',
  },
  {
    method: 'GET',
    path: '/identityGovernance/entitlementManagement/accessPackages/{accessPackage-id}',
    source: 'accesspackage-get, accesspackage-list-resourcerolescopes',
  },
  {
    method: 'GET',
    path: '/identityGovernance/entitlementManagement/assignmentPolicies/{accessPackageAssignmentPolicy-id}',
    source: 'accesspackageassignmentpolicy-get',
  },
];

/** True for a request to one of these operations; `path` begins with `/v1.0/`, encoded or not. */
export function isBeyondSubset(method: string, path: string): boolean {
  const given = decodeURIComponent(path).split('/').slice(2);
  return beyondSubset.some((operation) => {
    const wanted = operation.path.split('/').slice(1);
    return (
      operation.method === method &&
      wanted.length === given.length &&
      wanted.every((segment, place) => fits(segment, given[place] ?? ''))
    );
  });
}

/** A segment of a template is literal, a placeholder, or a placeholder within something literal. */
function fits(expected: string, actual: string): boolean {
  const [before = '', after] = expected.split(/\{[^}]*\}/);
  if (after === undefined) return expected === actual;
  return actual.length > before.length + after.length && actual.startsWith(before) && actual.endsWith(after);
}
