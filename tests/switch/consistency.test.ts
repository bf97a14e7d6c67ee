import { guests } from '../../local/tenant/seed/ids';
import { switchInProcess, type Switched } from '../support/switchInProcess';
import { wholeTenant } from '../support/wholeTenant';

function refusal(status: number, code: string, message: string): object {
  return { kind: 'status', status, body: { error: { code, message } } };
}

/** Answers of services that do not know a new guest yet, or are busy; each is accepted minutes later. */
const notYet = [
  ['app roles', 'POST', '/appRoleAssignedTo$', refusal(400, 'Request_BadRequest', 'Not a valid reference update.')],
  [
    'groups',
    'POST',
    '/groups/[^/]+/members/\\$ref$',
    refusal(
      400,
      'Request_BadRequest',
      "The source resource object or one of the objects being referenced don't exist.",
    ),
  ],
  [
    'groups',
    'POST',
    '/groups/[^/]+/members/\\$ref$',
    refusal(404, 'Request_ResourceNotFound', 'Resource does not exist.'),
  ],
  [
    'owners',
    'POST',
    '/groups/[^/]+/owners/\\$ref$',
    refusal(404, 'Request_ResourceNotFound', 'Resource does not exist.'),
  ],
  [
    'Azure roles',
    'PUT',
    '/roleAssignments/',
    refusal(400, 'PrincipalNotFound', 'Principal does not exist in the directory.'),
  ],
  [
    'Conditional Access',
    'PATCH',
    '/conditionalAccess/policies/',
    refusal(429, 'TooManyRequests', 'Too many requests.'),
  ],
  ['channels', 'POST', '/channels/[^/]+/members$', refusal(404, 'NotFound', 'NotFound')],
  [
    'directory roles',
    'POST',
    '/roleManagement/directory/roleAssignments$',
    refusal(404, 'Request_ResourceNotFound', 'Resource does not exist.'),
  ],
  ['attributes', 'PATCH', '/users/[^/]+$', refusal(404, 'Request_ResourceNotFound', 'Resource does not exist.')],
  [
    'units',
    'POST',
    '/administrativeUnits/[^/]+/members/\\$ref$',
    refusal(404, 'Request_ResourceNotFound', 'Resource does not exist.'),
  ],
] as const;

async function run(faults: readonly object[], settings: object = {}): Promise<Switched> {
  const done = await switchInProcess({
    guestId: guests.mara,
    settings: { rewriteConditionalAccess: true },
    prepare: async (tenant) => {
      await tenant.control('PUT', 'settings', settings);
      await tenant.control('PUT', 'faults', faults);
    },
  });
  await done.close();
  return done;
}

let undisturbed: Record<string, string[]>;
beforeAll(async () => {
  const { after, record } = await run([]);
  undisturbed = wholeTenant(after, record.guest.newId);
});

it.each(notYet)(
  '%s: %s %s that is refused three times at first is accepted later',
  async (_what, method, path, fault) => {
    const { record, after, tenant } = await run([{ method, path, times: 3, ...fault }]);
    expect(tenant.tenant.faults.list()).toEqual([]);
    expect(record).toMatchObject({ status: 'Succeeded', error: null, access: { failed: 0 } });
    expect(wholeTenant(after, record.guest.newId)).toEqual(undisturbed);
  },
);

it('all of them at once, with replicas that lag and Microsoft’s throttling', async () => {
  const faults = notYet.map(([, method, path, fault]) => ({ method, path, times: 2, ...fault }));
  const { record, after } = await run(faults, { replicationMs: 4_000, throttling: 'microsoft' });
  expect(record).toMatchObject({ status: 'Succeeded', error: null, access: { failed: 0 } });
  expect(wholeTenant(after, record.guest.newId)).toEqual(undisturbed);
});
