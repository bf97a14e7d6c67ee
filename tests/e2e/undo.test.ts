import { demoGuest, fewKinds } from '../support/demoGuest';
import { LocalStack, until, type TenantState } from '../support/localStack';
import { isWrite } from '../support/requestLog';
import { tenantView } from '../support/tenantView';

let stack: LocalStack;
beforeAll(async () => {
  stack = await LocalStack.start();
}, 90_000);
afterAll(() => stack.stop());
beforeEach(() => stack.freshTenant());

type Guest = ReturnType<typeof demoGuest>;

/** A 403 in Graph's own words, as often as asked. */
function refusal(method: string, path: string, times = 100): Record<string, unknown> {
  const error = { code: 'Authorization_RequestDenied', message: 'Insufficient privileges to complete the operation.' };
  return { method, path, times, kind: 'status', status: 403, body: { error } };
}

async function before(): Promise<{ guest: Guest; state: TenantState }> {
  const state = await stack.state();
  return { guest: demoGuest(state), state };
}

async function expectUntouched(state: TenantState): Promise<void> {
  expect(tenantView(await stack.state(), null)).toEqual(tenantView(state, null));
}

async function cancel(id: string): Promise<void> {
  const reply = await stack.api('POST', `/migrations/${id}/cancel`, {});
  expect(reply.status).toBe(202);
}

describe('before the purge every ending leaves the tenant as it was (invariant 5)', () => {
  it('cancelled in preflight: nothing was changed', async () => {
    const { guest, state } = await before();
    await stack.tenant('PUT', '/_tenant/settings', { latencyMs: 300 });
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    await cancel(id);
    await stack.tenant('PUT', '/_tenant/settings', { latencyMs: 0 });
    expect(await stack.ended(id)).toMatchObject({ status: 'Canceled', outcome: 'cancelled', error: null });
    await expectUntouched(state);
  });

  it('cancelled while the guest is soft-deleted: the guest comes back as it was', async () => {
    const { guest, state } = await before();
    // The answer of the delete is lost, and the repeated one is held up: the guest is in the recycle bin meanwhile.
    await stack.faults([
      { method: 'DELETE', path: `/users/${guest.id}$`, kind: 'lostAck', times: 1 },
      { method: 'DELETE', path: `/users/${guest.id}$`, kind: 'status', status: 503, times: 2 },
    ]);
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    await until('the guest to be deleted', async () => (await stack.state()).deletedUsers.length > 0);
    await cancel(id);
    expect(await stack.ended(id)).toMatchObject({ status: 'Canceled', outcome: 'cancelled' });
    await expectUntouched(state);
  });

  it('the purge is refused: the guest is restored, and the reason is told', async () => {
    const { guest, state } = await before();
    await stack.faults([refusal('DELETE', `/directory/deletedItems/${guest.id}`)]);
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    expect(await stack.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'purge-refused' } });
    await expectUntouched(state);
  });

  it('the deletion is refused: nothing was changed', async () => {
    const { guest, state } = await before();
    await stack.faults([refusal('DELETE', `/users/${guest.id}$`)]);
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    expect(await stack.ended(id)).toMatchObject({ outcome: 'failed', error: { code: 'delete-refused' } });
    await expectUntouched(state);
  });

  it('the purge stays unavailable through all retries: the guest is restored', async () => {
    const { guest, state } = await before();
    const path = `/directory/deletedItems/${guest.id}$`;
    await stack.faults([{ method: 'DELETE', path, kind: 'status', status: 503, times: 1000 }]);
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    const ended = await stack.follow(id, (one) => one.phase === 'ended', { stepMs: 60_000 });
    expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'step-exhausted' } });
    await expectUntouched(state);
  });

  it('the orchestration is terminated from outside: the sweeper gives the guest back', async () => {
    const { guest, state } = await before();
    const path = `/directory/deletedItems/${guest.id}$`;
    await stack.faults([
      { method: 'GET', path, kind: 'status', status: 503, headers: { 'Retry-After': '600' }, times: 9 },
    ]);
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    await until('the guest to be deleted', async () => (await stack.state()).deletedUsers.length > 0);
    await until('the purge to be put off', async () => (await stack.history(id)).at(-2)?.['EventType'] === 10);
    expect((await stack.host('POST', `/runtime/durable/instances/${id}/terminate?reason=test`)).status).toBe(202);
    await stack.faults([]);
    for (let minute = 0; minute < 5; minute += 1) await stack.advance(60_000);
    expect(await stack.migration(id)).toMatchObject({ phase: 'ended', error: { code: 'engine-stopped' } });
    await expectUntouched(state);
  });

  it('cancel after the purge answers 409, and the migration goes on', async () => {
    const { guest } = await before();
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    const waiting = await stack.waiting(id);
    const late = await stack.api('POST', `/migrations/${id}/cancel`, {});
    expect(late.status).toBe(409);
    expect(late.json).toMatchObject({ code: 'past-point-of-no-return' });
    await stack.redeem(String(waiting.guest.newId));
    expect((await stack.ended(id)).status).toBe('Succeeded');
    const over = await stack.api('POST', `/migrations/${id}/cancel`, {});
    expect(over.status).toBe(409);
    expect(over.json).toMatchObject({ code: 'migration-ended' });
  });
});

describe('preflight decides before anything is touched', () => {
  const rejections: [string, (state: TenantState, guest: Guest) => void, string][] = [
    [
      'the tenant lets nobody invite',
      (state) => Object.assign(state['authorizationPolicy'] as object, { allowInvitesFrom: 'none' }),
      'invitations-allowed',
    ],
    [
      'only guest inviters may invite, and the app is none',
      (state) => {
        Object.assign(state['authorizationPolicy'] as object, { allowInvitesFrom: 'adminsAndGuestInviters' });
      },
      'invitations-allowed',
    ],
    [
      'another account holds the invited address',
      (state, guest) => {
        const other = state.users.find((user) => user.id !== guest.id && user.userType === 'Guest');
        Object.assign(other ?? {}, { mail: guest.personal });
      },
      'invite-address-free',
    ],
    [
      'the guest is a member',
      (state, guest) => Object.assign(state.users.find((user) => user.id === guest.id) ?? {}, { userType: 'Member' }),
      'guest-is-guest',
    ],
    [
      'the guest signs in with a personal account already',
      (state, guest) => {
        const user = state.users.find((one) => one.id === guest.id);
        for (const identity of user?.identities ?? []) {
          if (identity.issuer === 'ExternalAzureAD') identity.issuer = 'MicrosoftAccount';
        }
      },
      'guest-signs-in-with-work-account',
    ],
    [
      'the domain of the personal address is blocked',
      (state) => {
        const definition = {
          B2BManagementPolicy: {
            InvitationsAllowedAndBlockedDomainsPolicy: { AllowedDomains: [], BlockedDomains: ['outlook.example'] },
          },
        };
        const policy = state['b2bManagementPolicy'];
        Object.assign((Array.isArray(policy) ? policy[0] : policy) as object, {
          isOrganizationDefault: true,
          definition: [JSON.stringify(definition)],
        });
      },
      'invite-domain-allowed',
    ],
    [
      'personal accounts are switched off as fallback',
      (state) => {
        const policy = state['crossTenantAccessPolicy'] as { default?: object };
        Object.assign(policy.default ?? policy, {
          invitationRedemptionIdentityProviderConfiguration: {
            primaryIdentityProviderPrecedenceOrder: ['azureActiveDirectory'],
            fallbackIdentityProvider: 'emailOneTimePasscode',
          },
        });
      },
      'personal-accounts-allowed',
    ],
  ];

  it.each(rejections)('%s: rejected, nothing changed', async (_name, change, check) => {
    const { guest } = await before();
    await stack.freshTenant((state) => change(state, guest));
    const state = await stack.state();
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
    const ended = await stack.ended(id);
    expect(ended).toMatchObject({ status: 'Failed', outcome: 'rejected', error: { code: 'preflight-failed' } });
    const failedRows = ended.checks.filter((row) => !row.ok && row.severity === 'blocking');
    expect(failedRows.map((row) => row.id)).toContain(check);
    for (const row of failedRows) expect(row.fix).not.toBe('');
    await expectUntouched(state);
    const writes = (await stack.requests()).filter(isWrite);
    expect(writes).toEqual([]);
  });

  it.each([
    ['an unknown object id', '99999999-9999-4999-8999-999999999999'],
    ['an unknown address', 'nobody@nowhere.example'],
  ])('%s: rejected with the row guest-exists', async (_name, guest) => {
    const { id } = await stack.begin({ guest, inviteEmail: 'somebody@outlook.example' });
    const ended = await stack.ended(id);
    expect(ended).toMatchObject({ outcome: 'rejected', checks: [{ id: 'guest-exists', ok: false }] });
  });

  it('a dry run shows the plan, and only reads', async () => {
    const { guest, state } = await before();
    const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, dryRun: true });
    const ended = await stack.ended(id);
    expect(ended).toMatchObject({ status: 'Succeeded', outcome: 'planned' });
    const report = (await stack.api('GET', `/migrations/${id}/report`)).json as { grants: { result: string }[] };
    expect(report.grants).toHaveLength(ended.access.captured);
    expect(ended.access.captured).toBeGreaterThanOrEqual(25);
    await expectUntouched(state);
    const requests = await stack.requests();
    expect(requests.length).toBeGreaterThan(20);
    expect(requests.filter(isWrite)).toEqual([]);
  });
});

describe('a missing permission is named before anything is deleted', () => {
  // tests/switch/permissions.test.ts asks it of every permission.
  it('and the host is started anew to learn of the one that was granted', async () => {
    const missing = 'User.DeleteRestore.All';
    const { guest, state } = await before();
    const granted = ((await stack.tenant('GET', '/_tenant/settings')).json as { grantedPermissions: string[] })
      .grantedPermissions;
    await stack.tenant('PUT', '/_tenant/settings', { grantedPermissions: granted.filter((name) => name !== missing) });
    try {
      await stack.restartHost();
      const { id } = await stack.begin({ guest: guest.id, inviteEmail: guest.personal, ...fewKinds });
      const ended = await stack.ended(id);
      expect(ended.outcome).toBe('rejected');
      expect(ended.checks.find((row) => row.id === 'app-permissions')).toMatchObject({
        ok: false,
        detail: expect.stringContaining(missing) as string,
      });
      await expectUntouched(state);
    } finally {
      await stack.tenant('PUT', '/_tenant/settings', { grantedPermissions: granted });
      await stack.restartHost();
    }
  });
});
