import { targetOf } from '../directory/entitlements';
import type { Reply } from '../http/message';
import { isRecord, part, text, type Entity, type View } from '../store/snapshot';
import { createAssignmentRequest } from './assignmentRequests';
import { GraphError } from './errors';
import type { Expandable } from './odata/expand';
import {
  accessPackageSubjectType,
  accessPackageType,
  assignmentPolicyType,
  assignmentRequestType,
  assignmentType,
} from './odata/governanceTypes';
import { listOf } from './odata/list';
import { entityReply, projected } from './odata/projection';
import type { ObjectType } from './odata/types';
import { param, type Call, type Route } from './route';

/** Every answer of a tenant without Entra ID P2 or Governance, whatever the caller may do. */
export function requireLicense(call: Call): void {
  if (call.tenant.settings.get().entitlementManagement) return;
  throw new GraphError(
    403,
    'NoLicense',
    'User is not authorized to perform the operation. Reason: Tenant does not meet license requirement!',
  );
}

const shown = (type: ObjectType, entity: Entity | undefined): Record<string, unknown> | null =>
  entity === undefined ? null : projected({ type, entity }, undefined);

const packageOf = (view: View, object: Entity): Entity | undefined =>
  view.get('accessPackages', text(object, 'accessPackageId') ?? '');

const policyOf = (view: View, object: Entity): Entity | undefined =>
  view.get('accessPackageAssignmentPolicies', text(object, 'assignmentPolicyId') ?? '');

const subjectOf = (object: Entity): Record<string, unknown> | null => {
  const target = part(object, 'target');
  return target === undefined ? null : shown(accessPackageSubjectType, { ...target, id: String(target['id']) });
};

/** Assignments and requests of soft-deleted users exist, but are out of sight. */
const visible = (view: View, collection: string): Entity[] =>
  view.list(collection).filter((object) => !view.has('deletedUsers', targetOf(object)));

/** The links that filters look into; answers show them only when they are expanded. */
const withLinks = (object: Entity): Entity => ({
  ...object,
  accessPackage: { id: object['accessPackageId'] },
  assignmentPolicy: { id: object['assignmentPolicyId'] },
  assignment: { target: object['target'] },
  requestor: object['target'],
});

const ofPackage = (view: View): Expandable => ({
  resourceRoleScopes: (entity, nested) => {
    const parts = nested?.split(',') ?? [];
    const scopes = Array.isArray(entity['resourceRoleScopes']) ? entity['resourceRoleScopes'].filter(isRecord) : [];
    return scopes.map(({ id, createdDateTime, role, scope }) => ({
      id,
      createdDateTime,
      ...(parts.includes('role') ? { role } : {}),
      ...(parts.includes('scope') ? { scope } : {}),
    }));
  },
  assignmentPolicies: (entity) =>
    view
      .list('accessPackageAssignmentPolicies')
      .filter((policy) => text(policy, 'accessPackageId') === entity.id)
      .map((policy) => shown(assignmentPolicyType, policy)),
});

const ofAssignment = (view: View): Expandable => ({
  accessPackage: (entity) => shown(accessPackageType, packageOf(view, entity)),
  assignmentPolicy: (entity) => shown(assignmentPolicyType, policyOf(view, entity)),
  target: subjectOf,
});

const ofRequest = (view: View): Expandable => ({
  accessPackage: (entity) => shown(accessPackageType, packageOf(view, entity)),
  requestor: subjectOf,
  assignment: (entity, nested) => {
    const id = text(entity, 'assignmentId') ?? '';
    const { schedule, state, target } = entity;
    const planned = { id, schedule, target, state: state === 'delivered' ? 'delivered' : 'delivering' };
    const assignment = view.get('accessPackageAssignments', id) ?? planned;
    const wanted = nested?.split(',').map((name) => name.replace(/\(.*$/, '')) ?? [];
    return {
      ...shown(assignmentType, assignment),
      ...(wanted.includes('target') ? { target: subjectOf(assignment) } : {}),
    };
  },
});

interface Source {
  readonly collection: string;
  readonly type: ObjectType;
  readonly context: string;
  readonly expand: (view: View) => Expandable;
}

const root = '/identityGovernance/entitlementManagement';

const packages: Source = {
  collection: 'accessPackages',
  type: accessPackageType,
  context: 'identityGovernance/entitlementManagement/accessPackages',
  expand: ofPackage,
};
const policies: Source = {
  collection: 'accessPackageAssignmentPolicies',
  type: assignmentPolicyType,
  context: 'identityGovernance/entitlementManagement/assignmentPolicies',
  expand: (view) => ({ accessPackage: (entity) => shown(accessPackageType, packageOf(view, entity)) }),
};
const assignments: Source = {
  collection: 'accessPackageAssignments',
  type: assignmentType,
  context: 'identityGovernance/entitlementManagement/assignments',
  expand: ofAssignment,
};
const requests: Source = {
  collection: 'accessPackageAssignmentRequests',
  type: assignmentRequestType,
  context: 'identityGovernance/entitlementManagement/assignmentRequests',
  expand: ofRequest,
};

const list =
  ({ collection, type, context, expand }: Source) =>
  (call: Call): Reply => {
    requireLicense(call);
    const entities = visible(call.replica, collection).map(withLinks);
    return listOf(call, type, entities, { context, expand: expand(call.replica) });
  };

const one =
  ({ collection, type, context, expand }: Source, placeholder: string) =>
  (call: Call): Reply => {
    requireLicense(call);
    const id = param(call, placeholder);
    const entity = visible(call.replica, collection).find((object) => object.id === id);
    if (entity === undefined) {
      throw new GraphError(404, 'ResourceNotFound', `The object of type ${type.resource} does not exist.`);
    }
    return entityReply(call, { type, entity }, context, expand(call.replica));
  };

// Pages accesspackage-get and entitlementmanagement-list-assignmentpolicies (v1.0): these two or nothing.
const readable = [['EntitlementManagement.Read.All', 'EntitlementManagement.ReadWrite.All']];

/** Entitlement management: access packages, their policies, who is assigned, and requests for it. */
export const accessPackageRoutes: readonly Route[] = [
  { method: 'GET', path: `${root}/accessPackages`, allOf: readable, handle: list(packages) },
  {
    method: 'GET',
    path: `${root}/accessPackages/{accessPackage-id}`,
    allOf: readable,
    handle: one(packages, 'accessPackage-id'),
  },
  {
    method: 'GET',
    path: `${root}/assignmentPolicies/{accessPackageAssignmentPolicy-id}`,
    allOf: readable,
    handle: one(policies, 'accessPackageAssignmentPolicy-id'),
  },
  { method: 'GET', path: `${root}/assignments`, handle: list(assignments) },
  {
    method: 'GET',
    path: `${root}/assignments/{accessPackageAssignment-id}`,
    handle: one(assignments, 'accessPackageAssignment-id'),
  },
  { method: 'GET', path: `${root}/assignmentRequests`, handle: list(requests) },
  {
    method: 'GET',
    path: `${root}/assignmentRequests/{accessPackageAssignmentRequest-id}`,
    handle: one(requests, 'accessPackageAssignmentRequest-id'),
  },
  {
    method: 'POST',
    path: `${root}/assignmentRequests`,
    handle: (call) => {
      requireLicense(call);
      return createAssignmentRequest(call);
    },
  },
];
