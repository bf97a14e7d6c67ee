import type { Comparison } from './filterSyntax';
import type { ObjectType } from './types';

const words = (list: string): string[] => list.trim().split(/\s+/);

const type = (
  collection: string,
  odataType: string,
  properties: string,
  filters: Readonly<Record<string, readonly Comparison[]>> = {},
  collections = '',
): ObjectType => ({
  collection,
  odataType: `#microsoft.graph.${odataType}`,
  resource: odataType.charAt(0).toUpperCase() + odataType.slice(1),
  properties: words(properties),
  collections: collections === '' ? [] : words(collections),
  defaults: words(properties),
  filters,
});

const equal: readonly Comparison[] = ['eq'];

export const accessPackageType = type(
  'accessPackages',
  'accessPackage',
  'id createdDateTime description displayName isHidden modifiedDateTime',
  { displayName: equal },
);

export const assignmentPolicyType = type(
  'accessPackageAssignmentPolicies',
  'accessPackageAssignmentPolicy',
  `id allowedTargetScope automaticRequestSettings createdDateTime description displayName expiration modifiedDateTime
   requestApprovalSettings requestorSettings reviewSettings specificAllowedTargets`,
  { displayName: equal, 'accessPackage/id': equal },
  'specificAllowedTargets',
);

/** Documented: `state` and the ids of package, policy and target, only `eq`. */
export const assignmentType = type(
  'accessPackageAssignments',
  'accessPackageAssignment',
  'id customExtensionCalloutInstances expiredDateTime schedule state status',
  { state: equal, 'accessPackage/id': equal, 'assignmentPolicy/id': equal, 'target/objectId': equal },
  'customExtensionCalloutInstances',
);

/** `assignment/target/objectId` is how clients find the requests for one user; the page documents only the others. */
export const assignmentRequestType = type(
  'accessPackageAssignmentRequests',
  'accessPackageAssignmentRequest',
  `id answers completedDateTime createdDateTime customExtensionCalloutInstances justification requestType schedule state
   status`,
  {
    state: equal,
    createdDateTime: ['eq', 'ge', 'le', 'gt', 'lt'],
    'accessPackage/id': equal,
    'requestor/objectId': equal,
    'assignment/target/objectId': equal,
  },
  'answers customExtensionCalloutInstances',
);

export const accessPackageSubjectType = type(
  'accessPackageSubjects',
  'accessPackageSubject',
  'id displayName email objectId onPremisesSecurityIdentifier principalName subjectType',
);
