import { text, type View } from '../store/snapshot';
import { isActive, targetOf } from './entitlements';

/** Refuses a document by naming the place when `found` is false. */
type Require = (found: boolean, place: string, id: string | undefined) => void;

/** Packages, policies and targets that other objects of a document name must be in it. */
export function checkEntitlements(view: View, require: Require): void {
  const refer = (from: string, property: string, to: string): void => {
    for (const [index, object] of view.list(from).entries()) {
      const id = text(object, property);
      require(view.has(to, id ?? ''), `${from}[${index}].${property}`, id);
    }
  };
  refer('accessPackageAssignmentPolicies', 'accessPackageId', 'accessPackages');
  for (const name of ['accessPackageAssignments', 'accessPackageAssignmentRequests']) {
    refer(name, 'accessPackageId', 'accessPackages');
    refer(name, 'assignmentPolicyId', 'accessPackageAssignmentPolicies');
  }
  for (const [index, assignment] of view.list('accessPackageAssignments').entries()) {
    // What ended stays on record when its target is gone.
    const target = targetOf(assignment);
    const known = view.has('users', target) || view.has('deletedUsers', target) || !isActive(assignment);
    require(known, `accessPackageAssignments[${index}].target.objectId`, target);
  }
}
