import { leastPermissions, needsOf } from '../../activities/requiredPermissions';
import { kindSchema } from '../../domain/grants';
import { guests, sharedMailbox } from '../../local/tenant/seed/ids';
import { isWrite } from '../support/requestLog';
import { switchInProcess, type SwitchOptions, type Switched } from '../support/switchInProcess';
import { everybodyElse } from '../support/wholeTenant';

const everything = {
  skipAccess: [],
  rewriteConditionalAccess: true,
  domainPolicyCheck: 'beta',
  invitationMail: 'mailbox',
} as const;
const needs = needsOf(everything);
const least = leastPermissions(needs).map(({ name }) => name);

/** Without these a switch works all the same, less promptly or with a warning. */
const optional = new Set([
  'User.Read.All',
  'Policy.Read.B2BManagementPolicy',
  'Member.Read.Hidden',
  'CrossTenantInformation.ReadBasic.All',
]);

async function switchWith(permissions: readonly string[], more: Partial<SwitchOptions> = {}): Promise<Switched> {
  const run = await switchInProcess({
    guestId: guests.mara,
    settings: { rewriteConditionalAccess: true, invitationMail: 'mailbox', mailbox: sharedMailbox },
    ...more,
    prepare: async (tenant) => {
      await tenant.control('PUT', 'settings', { grantedPermissions: permissions });
    },
  });
  await run.close();
  return run;
}

it('the least set is enough for a guest who holds every kind, and nothing is refused', async () => {
  const { record, requests } = await switchWith(least);
  expect(record).toMatchObject({ status: 'Succeeded', error: null, access: { failed: 0 } });
  expect(requests.filter(({ status }) => status === 403).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

it.each(least.filter((name) => !optional.has(name)))(
  'without %s preflight names it before anything is deleted',
  async (missing) => {
    const { record, requests, before, after } = await switchWith(least.filter((name) => name !== missing));
    expect(record).toMatchObject({ outcome: 'rejected', error: { code: 'preflight-failed' } });
    const row = record.checks.find(({ id }) => id === 'app-permissions');
    expect(row).toMatchObject({ ok: false, severity: 'blocking' });
    // Any permission of the need will do; the least privileged one is named.
    const firsts = needs.filter(({ anyOf }) => anyOf.includes(missing)).map(({ anyOf }) => anyOf[0] ?? '');
    expect(firsts.some((name) => row?.detail.includes(name))).toBe(true);
    expect(requests.filter(isWrite)).toEqual([]);
    expect(everybodyElse(after, [])).toEqual(everybodyElse(before, []));
  },
);

it.each([...optional])('without %s the switch works all the same', async (missing) => {
  const covered = missing === 'User.Read.All' ? ['User.ReadWrite.All'] : [];
  const { record } = await switchWith([...least.filter((name) => name !== missing), ...covered]);
  expect(record).toMatchObject({ status: 'Succeeded', error: null, access: { failed: 0 } });
});

it.each(kindSchema.options)('%s switched off needs nothing of its own and is not even read', async (kind) => {
  const others = leastPermissions(needsOf({ ...everything, skipAccess: [kind] })).map(({ name }) => name);
  expect(others.length).toBeLessThanOrEqual(least.length);
  const { record, report } = await switchWith(others, { skipAccess: [kind], dryRun: true });
  expect(record).toMatchObject({ outcome: 'planned', error: null });
  expect(report.grants.filter((grant) => grant.kind === kind)).toEqual([]);
});
