import { groups, guests } from '../../local/tenant/seed/ids';
import { isWrite } from '../support/requestLog';
import { switchInProcess, type Switched } from '../support/switchInProcess';
import type { TenantState } from '../support/localStack';
import { wholeTenant } from '../support/wholeTenant';

const guestId = guests.mara;
const approved = { afterHours: 30, answer: 'approved' } as const;

/** Nothing was written, and apart from what others did the tenant is as it was. */
function expectUntouched(run: Switched, edit: (state: TenantState) => void = () => undefined): void {
  expect(run.requests.filter(isWrite).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  const expected = structuredClone(run.before);
  edit(expected);
  expect(wholeTenant(run.after, null)).toEqual(wholeTenant(expected, null));
}

const membersOf = (state: TenantState, groupId: string): string[] => {
  const group = state.groups.find(({ id }) => id === groupId);
  if (group === undefined) throw new Error(`There is no group ${groupId}.`);
  return group.members;
};
const join = (state: TenantState): void => {
  membersOf(state, groups.finance).push(guestId);
};
const leave = (state: TenantState): void => {
  const members = membersOf(state, groups.calibrationLab);
  members.splice(members.indexOf(guestId), 1);
};

it('a guest with every kind of access is switched once the plan is approved, however long that took', async () => {
  const run = await switchInProcess({ guestId, approval: approved });
  await run.close();
  expect(run.record).toMatchObject({ status: 'Succeeded', error: null, approval: { decision: 'approved' } });
  expect(run.record.access.failed).toBe(0);
  expect(run.record.access.restored).toBeGreaterThan(run.record.access.manual);
}, 60_000);

it('a rejected plan changes nothing', async () => {
  const run = await switchInProcess({ guestId, approval: { afterHours: 1, answer: 'rejected' } });
  await run.close();
  expect(run.record).toMatchObject({ outcome: 'rejected', error: { code: 'approval-rejected' } });
  expect(new Set(run.report.grants.map(({ detail }) => detail.startsWith('By hand') || detail))).toEqual(
    new Set([true, 'Nothing was changed.']),
  );
  expectUntouched(run);
}, 60_000);

it.each([
  ['given', join, { extra: [{ key: groups.finance }], missing: [] }],
  ['taken away', leave, { extra: [], missing: [{ key: groups.calibrationLab }] }],
] as const)(
  'access that was %s during the wait is not lost: the run ends, and the report names it',
  async (_what, edit, comparison) => {
    const meanwhile: NonNullable<Parameters<typeof switchInProcess>[0]['approval']>['meanwhile'] = (tenant) =>
      tenant.change(edit);
    const run = await switchInProcess({ guestId, approval: { ...approved, meanwhile } });
    await run.close();
    expect(run.record).toMatchObject({ outcome: 'rejected', error: { code: 'access-changed' } });
    expect(run.report.comparison).toMatchObject(comparison);
    expectUntouched(run, edit);
  },
  60_000,
);

it('the checks run again after the approval: who became a member during the wait is not deleted', async () => {
  const run = await switchInProcess({
    guestId,
    approval: {
      ...approved,
      meanwhile: (tenant) =>
        tenant.change((state) => {
          Object.assign(state.users.find(({ id }) => id === guestId) ?? {}, { userType: 'Member' });
        }),
    },
  });
  await run.close();
  expect(run.record).toMatchObject({ outcome: 'rejected', error: { code: 'preflight-failed' } });
  expect(run.record.checks.filter(({ ok, severity }) => !ok && severity === 'blocking')).not.toEqual([]);
  expect(run.requests.filter(isWrite)).toEqual([]);
}, 60_000);
