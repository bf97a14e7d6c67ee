import { azure, azureRoles, groups, guests, products, staff } from '../../local/tenant/seed/ids';
import type { TenantState } from '../support/localStack';
import { switchInProcess } from '../support/switchInProcess';

type Row = Record<string, unknown>;

function userIn(state: TenantState, id: string): Row {
  const user = state.users.find((one) => one.id === id);
  if (user === undefined) throw new Error(`There is no user ${id}.`);
  return user as unknown as Row;
}

/** What somebody does to the new guest between the redemption and the restore. */
const changes: readonly [
  string,
  string,
  string,
  (state: TenantState, newId: string) => void,
  (state: TenantState, newId: string) => unknown,
][] = [
  [
    'another job title',
    'profile',
    'jobTitle',
    (state, newId) => Object.assign(userIn(state, newId), { jobTitle: 'Head of Calibration' }),
    (state, newId) => userIn(state, newId)['jobTitle'],
  ],
  [
    'another manager',
    'manager',
    'manager',
    (state, newId) => Object.assign(userIn(state, newId), { manager: staff.labManager }),
    (state, newId) => userIn(state, newId)['manager'],
  ],
  [
    'a report who got another manager',
    'directReport',
    guests.tomas,
    (state) => Object.assign(userIn(state, guests.tomas), { manager: staff.labManager }),
    (state) => userIn(state, guests.tomas)['manager'],
  ],
];

it.each(changes)('%s is left as it is, and reported', async (_what, kind, key, edit, seen) => {
  let wanted: unknown;
  const run = await switchInProcess({
    guestId: guests.mara,
    meanwhile: async (tenant, newId) => {
      await tenant.change((state) => edit(state, newId));
      wanted = seen(await tenant.state(), newId);
    },
  });
  await run.close();
  expect(wanted).toBeDefined();
  expect(seen(run.after, String(run.record.guest.newId))).toEqual(wanted);
  const row = run.report.grants.find((grant) => grant.kind === kind && grant.key === key);
  expect(row).toMatchObject({ result: 'manual' });
  expect(row?.detail.length).toBeGreaterThan(30);
  expect(run.report.comparison?.missing.some((grant) => grant.kind === kind && grant.key === key)).toBe(true);
  expect(run.record).toMatchObject({ outcome: 'completedWithGaps', error: null });
});

it('what somebody gave the new guest by hand counts as present, and is not given twice', async () => {
  const run = await switchInProcess({
    guestId: guests.mara,
    meanwhile: (tenant, newId) =>
      tenant.change((state) => {
        state.groups.find(({ id }) => id === groups.calibrationLab)?.members.push(newId);
        state.azureRoleAssignments.push({
          id: `${azure.labSubscription}/providers/Microsoft.Authorization/roleAssignments/by-hand`,
          name: '0b0b0b0b-0000-4000-8000-000000000001',
          properties: {
            principalId: newId,
            scope: azure.labSubscription,
            roleDefinitionId: `${azure.labSubscription}/providers/Microsoft.Authorization/roleDefinitions/${azureRoles.reader}`,
          },
        });
      }),
  });
  await run.close();
  const newId = String(run.record.guest.newId);
  const resultOf = (kind: string, part: string) =>
    run.report.grants.find((grant) => grant.kind === kind && grant.key.toLowerCase().includes(part.toLowerCase()))
      ?.result;
  expect(resultOf('groupMembership', groups.calibrationLab)).toBe('alreadyPresent');
  expect(resultOf('azureRole', `${azure.labSubscription}|${azureRoles.reader}`)).toBe('alreadyPresent');
  const held = run.after.azureRoleAssignments.filter(
    ({ properties }) =>
      properties.principalId === newId &&
      properties.scope === azure.labSubscription &&
      properties.roleDefinitionId.endsWith(azureRoles.reader),
  );
  expect(held).toHaveLength(1);
});

it('what the new guest has on top is extra, and stays', async () => {
  const run = await switchInProcess({
    guestId: guests.mara,
    meanwhile: (tenant, newId) =>
      tenant.change((state) => {
        state.groups.find(({ id }) => id === groups.finance)?.members.push(newId);
        Object.assign(userIn(state, newId), {
          usageLocation: 'SE',
          assignedLicenses: [{ skuId: products.freeFlows, disabledPlans: [] }],
        });
      }),
  });
  await run.close();
  const newId = String(run.record.guest.newId);
  expect(run.after.groups.find(({ id }) => id === groups.finance)?.members).toContain(newId);
  expect(run.report.comparison?.extra).toContainEqual(
    expect.objectContaining({ kind: 'groupMembership', key: groups.finance }),
  );
});
