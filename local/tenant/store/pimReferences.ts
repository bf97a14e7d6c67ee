import { pimCollections, rolePim } from '../directory/schedules';
import { text, type View } from './snapshot';

type Require = (found: boolean, place: string, id: string | undefined) => void;

/** Checks that schedules and requests of PIM name principals, roles and groups that exist. */
export function checkPimReferences(view: View, isPrincipal: (id: string) => boolean, require: Require): void {
  const roles = [rolePim.eligible, rolePim.active, rolePim.eligibleRequests, rolePim.activeRequests];
  for (const name of pimCollections) {
    for (const [index, schedule] of view.list(name).entries()) {
      const principalId = text(schedule, 'principalId');
      require(isPrincipal(principalId ?? ''), `${name}[${index}].principalId`, principalId);
      const [property, collection] = roles.includes(name)
        ? ['roleDefinitionId', 'roleDefinitions']
        : ['groupId', 'groups'];
      const id = text(schedule, property);
      require(view.has(collection, id ?? ''), `${name}[${index}].${property}`, id);
      if (roles.includes(name)) continue;
      const accessId = text(schedule, 'accessId') ?? '';
      require(['member', 'owner'].includes(accessId), `${name}[${index}].accessId`, accessId);
    }
  }
}
