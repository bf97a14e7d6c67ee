import { directoryRole } from '../../../access/directoryRole';
import { groupMembership } from '../../../access/groupMembership';
import { groupOwnership } from '../../../access/groupOwnership';
import type { AccessKind } from '../../../access/kind';
import { pimDirectoryRole } from '../../../access/pimDirectoryRole';
import { pimGroup } from '../../../access/pimGroup';
import { standingOf, type Schedule } from '../../../access/schedules';
import type { Grant } from '../../../domain/grants';
import { groups, guests } from '../../../local/tenant/seed/ids';
import { texts } from '../../../local/tenant/store/snapshot';
import { activate, pimWorld, type PimWorld } from '../../support/pimWorld';
import { graphOf, outsideOf, refusal, type Call } from '../../support/recordedCalls';

/**
 * A guest who has switched something on for some hours, or holds it for a time, must not come out of a migration
 * holding it for good.
 */

const { mara } = guests;
const groupsAdministrator = 'fdd7a751-b60b-444a-984c-02652fe8fa1c';
const messageCenterReader = '790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b';
const eligibleRole = '9100a000-0000-4000-8000-000000000001';
const eligibleMember = `${groups.rigOperators}_member_9100a000-0000-4000-8000-000000000006`;
const eligibleOwner = `${groups.changeBoard}_owner_9100a000-0000-4000-8000-000000000007`;
const kinds: readonly AccessKind[] = [groupMembership, groupOwnership, pimGroup, directoryRole, pimDirectoryRole];

let world: PimWorld;

beforeEach(() => {
  world = pimWorld();
});
afterEach(() => world.close());

const capture = (kind: AccessKind, id = mara) => kind.capture(id, world.outside);
const switchOn = (): void => {
  for (const id of [eligibleRole, eligibleMember, eligibleOwner]) activate(world, id);
};
const view = () => world.tenant.store.primary();
const heldRoles = (id: string) =>
  view()
    .list('roleAssignments')
    .filter((row) => row['principalId'] === id)
    .map((row) => row['roleDefinitionId']);
const linked = (id: string, link: 'members' | 'owners') =>
  view()
    .list('groups')
    .filter((group) => texts(group, link).includes(id))
    .map((group) => group.id);

it('the tenant shows what is switched on like everything else: the trap is there', () => {
  switchOn();
  expect(heldRoles(mara)).toContain(groupsAdministrator);
  expect(linked(mara, 'members')).toContain(groups.rigOperators);
  expect(linked(mara, 'owners')).toContain(groups.changeBoard);
});

it('after a whole switch the new guest may switch on what the old one had switched on, and holds none of it', async () => {
  const before = { roles: heldRoles(mara), members: linked(mara, 'members'), owners: linked(mara, 'owners') };
  switchOn();
  const captured = await Promise.all(kinds.map(async (kind) => ({ kind, grants: await capture(kind) })));
  const byHand = new Set(
    captured
      .flatMap(({ grants }) => grants.filter(({ instruction }) => instruction !== undefined))
      .map(({ key }) => key),
  );
  const newId = await world.replaceMara();
  for (const { kind, grants } of captured) {
    await world.restoreAll(
      kind,
      grants.filter(({ instruction }) => instruction === undefined),
      newId,
    );
  }
  const restorable = (ids: readonly unknown[]) => ids.filter((id) => !byHand.has(String(id))).sort();
  expect(heldRoles(newId).sort()).toEqual(before.roles.sort());
  expect(restorable(linked(newId, 'members'))).toEqual(restorable(before.members));
  expect(restorable(linked(newId, 'owners'))).toEqual(restorable(before.owners));
  const again = await Promise.all([capture(pimDirectoryRole, newId), capture(pimGroup, newId)]);
  expect(again.flat().map(({ key }) => key)).toEqual(
    expect.arrayContaining([
      `eligible|${groupsAdministrator}@/`,
      `eligible|member@${groups.rigOperators}`,
      `eligible|owner@${groups.changeBoard}`,
    ]),
  );
  // What the old guest held for a time, the new one holds until the same time.
  expect(heldRoles(newId)).toContain(messageCenterReader);
  expect(linked(newId, 'members')).toContain(groups.changeBoard);
  world.advance(Date.parse('2099-07-01T00:00:00Z') - world.now());
  expect(heldRoles(newId)).not.toContain(messageCenterReader);
  expect(linked(newId, 'members')).not.toContain(groups.changeBoard);
});

it('an activation is in no kind at all, and makes nothing else disappear', async () => {
  const before = (await Promise.all(kinds.map((kind) => capture(kind)))).flat();
  switchOn();
  expect((await Promise.all(kinds.map((kind) => capture(kind)))).flat()).toEqual(before);
});

it('what is held for a time is captured once, by PIM', async () => {
  const keys = async (kind: AccessKind) => (await capture(kind)).map(({ key }) => key);
  expect(await keys(directoryRole)).not.toContain(`${messageCenterReader}@/`);
  expect(await keys(pimDirectoryRole)).toContain(`active|${messageCenterReader}@/`);
  expect(await keys(groupMembership)).not.toContain(groups.changeBoard);
  expect(await keys(groupOwnership)).not.toContain(groups.rigOperators);
  expect(await keys(pimGroup)).toEqual(
    expect.arrayContaining([`active|member@${groups.changeBoard}`, `active|owner@${groups.rigOperators}`]),
  );
});

it('lasting members of groups that PIM manages stay members', async () => {
  world.alter((tx) => {
    tx.patch('groups', groups.rigOperators, {
      members: [...texts(tx.get('groups', groups.rigOperators), 'members'), mara],
    });
  });
  const found = (await capture(groupMembership)).find(({ key }) => key === groups.rigOperators);
  expect(found).toMatchObject({ key: groups.rigOperators });
  expect(found?.instruction).toBeUndefined();
});

describe('however replicas lag while something is switched on', () => {
  const dangers: readonly [AccessKind, string][] = [
    [directoryRole, `${groupsAdministrator}@/`],
    [groupMembership, groups.rigOperators],
    [groupOwnership, groups.changeBoard],
  ];

  it.each(dangers.map(([kind, key]) => [kind.title, kind, key] as const))('%s', async (_title, kind, key) => {
    await world.control('PUT', 'settings', { replicationMs: 1000 });
    switchOn();
    world.advance(500);
    const seen = new Map<string, number>();
    for (let turn = 0; turn < 60; turn += 1) {
      const found = (await capture(kind)).find((grant) => grant.key === key);
      const what = found === undefined ? 'absent' : found.instruction === undefined ? 'RESTORABLE' : 'left to people';
      seen.set(what, (seen.get(what) ?? 0) + 1);
    }
    expect(seen.get('RESTORABLE')).toBeUndefined();
    // Both replicas were met: one that shows the activation but not its schedule, and others.
    expect([...seen.keys()].sort()).toEqual(['absent', 'left to people']);
  });
});

describe('what cannot be told', () => {
  const group = { '@odata.type': '#microsoft.graph.group', id: 'g-1', displayName: 'Board' };
  const answer = (lists: Record<string, unknown>) =>
    outsideOf({
      graph: graphOf(({ path }: Call) => {
        const [, found] = Object.entries(lists).find(([name]) => path.includes(name)) ?? [];
        if (found instanceof Error) throw found;
        return found ?? [group];
      }),
    });
  const denied = refusal(403, 'Authorization_RequestDenied');
  const unlicensed = refusal(400, 'AadPremiumLicenseRequired');
  const fails = refusal(500, 'InternalServerError');

  it('a role of which PIM says nothing is left to people', async () => {
    const row = { id: 'a-1', roleDefinitionId: 'role', directoryScopeId: '/' };
    const lists = { roleAssignmentSchedules: [], roleDefinitions: { displayName: 'Role' }, roleAssignments: [row] };
    const [grant] = await directoryRole.capture(mara, answer(lists));
    expect(grant?.instruction).toContain('only if it was for good');
    const free = await directoryRole.capture(mara, answer({ ...lists, roleAssignmentSchedules: unlicensed }));
    expect(free).toMatchObject([{ key: 'role@/' }]);
    expect(free[0]?.instruction).toBeUndefined();
  });

  it.each([denied, fails])('roles are not guessed when PIM refuses: $status', async (error) => {
    const reading = directoryRole.capture(mara, answer({ roleAssignmentSchedules: error, roleAssignments: [] }));
    await expect(reading).rejects.toBe(error);
  });

  const restorable = (grants: Grant[]) => grants.map(({ key, instruction }) => [key, instruction === undefined]);

  it.each([
    [groupMembership.title, groupMembership, 'member'],
    [groupOwnership.title, groupOwnership, 'owner'],
  ] as const)('%s: as documented, all count as lasting where PIM may not be read', async (_title, kind, accessId) => {
    const schedule = { groupId: 'g-1', accessId, assignmentType: 'activated', memberType: 'direct' };
    const ofOther = { ...schedule, accessId: accessId === 'member' ? 'owner' : 'member' };
    const of = (eligible: unknown, active: unknown) =>
      kind.capture(mara, answer({ eligibilitySchedules: eligible, assignmentSchedules: active })).then(restorable);
    expect(await of(denied, denied)).toEqual([['g-1', true]]);
    expect(await of(unlicensed, unlicensed)).toEqual([['g-1', true]]);
    expect(await of([], [ofOther])).toEqual([['g-1', true]]);
    expect(await of([], [schedule])).toEqual([]);
    expect(await of([], [{ ...schedule, memberType: 'group' }])).toEqual([['g-1', true]]);
    expect(await of([schedule], [])).toEqual([['g-1', false]]);
    expect(await of([schedule], denied)).toEqual([['g-1', false]]);
    await expect(of([], fails)).rejects.toBe(fails);
  });

  it.each([
    [groupMembership.title, groupMembership],
    [groupOwnership.title, groupOwnership],
  ])(
    '%s: of groups that may hold directory roles none counts as lasting where PIM may not be read',
    async (_t, kind) => {
      const privileged = [{ ...group, isAssignableToRole: true }];
      const lists = { eligibilitySchedules: denied, assignmentSchedules: denied };
      const held = { memberOf: privileged, ownedObjects: privileged };
      expect(restorable(await kind.capture(mara, answer({ ...lists, ...held })))).toEqual([['g-1', false]]);
      const free = { eligibilitySchedules: unlicensed, assignmentSchedules: unlicensed };
      expect(restorable(await kind.capture(mara, answer({ ...free, ...held })))).toEqual([['g-1', true]]);
    },
  );
});

describe('standingOf', () => {
  const now = new Date('2026-03-01T08:00:00Z');
  const schedule = (change: Partial<Schedule> = {}): Schedule => ({
    assignmentType: 'Assigned',
    memberType: 'Direct',
    createdUsing: 'request',
    scheduleInfo: { startDateTime: '2026-01-01T00:00:00Z', expiration: { type: 'noExpiration' } },
    ...change,
  });
  const endless = schedule();
  const outside = schedule({
    createdUsing: null,
    scheduleInfo: { startDateTime: '2026-03-01T08:09:00Z', expiration: { type: 'noExpiration' } },
  });
  const toCome = schedule({
    scheduleInfo: { startDateTime: '2026-04-01T00:00:00Z', expiration: { type: 'noExpiration' } },
  });
  const timed = schedule({
    scheduleInfo: { expiration: { type: 'afterDateTime', endDateTime: '2026-03-01T09:00:00Z' } },
  });
  const activated = schedule({ assignmentType: 'activated' });
  const strange = schedule({ scheduleInfo: { expiration: { type: 'notSpecified' } } });

  it.each<[string, Schedule[], ReturnType<typeof standingOf>]>([
    ['assigned without an end', [endless], 'permanent'],
    ['made outside PIM, which dates it by its own clock', [outside], 'permanent'],
    ['for a time', [timed], 'passing'],
    ['switched on, whatever its end says', [activated], 'passing'],
    ['an end of an unknown sort', [strange], 'passing'],
    ['switched on before a lasting one begins', [activated, toCome], 'passing'],
    ['a lasting one to come is all there is', [toCome], 'permanent'],
    ['lasting and switched on', [activated, endless], 'permanent'],
    ['taken back, and switched on since', [schedule({ status: 'Revoked' }), activated], 'passing'],
    ['taken back, and nothing else', [schedule({ status: 'Revoked' })], 'unclear'],
    ['through a group only', [schedule({ memberType: 'Group' })], 'unclear'],
    ['nothing', [], 'unclear'],
  ])('%s', (_what, schedules, standing) => {
    expect(standingOf(schedules, now)).toBe(standing);
  });
});
