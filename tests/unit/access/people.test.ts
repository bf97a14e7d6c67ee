import { customSecurityAttribute } from '../../../access/customSecurityAttribute';
import { directoryExtension } from '../../../access/directoryExtension';
import { directReport } from '../../../access/directReport';
import type { AccessKind } from '../../../access/kind';
import { manager } from '../../../access/manager';
import { openExtension } from '../../../access/openExtension';
import { profile } from '../../../access/profile';
import { sponsor } from '../../../access/sponsor';
import { sponsorOf } from '../../../access/sponsorOf';
import { compareAccess } from '../../../domain/comparison';
import { extensions, guests, staff } from '../../../local/tenant/seed/ids';
import { ReplacedGuest } from '../../support/replacedGuest';

/** Kinds that live on users, with what Mara holds of them and how many writes give it back. */
const kinds: { kind: AccessKind; keys: string[]; byHand?: string[]; writes: number }[] = [
  {
    kind: profile,
    keys: [
      'displayName',
      'givenName',
      'surname',
      'jobTitle',
      'department',
      'companyName',
      'employeeType',
      'employeeHireDate',
      'employeeOrgData',
      'officeLocation',
      'city',
      'country',
      'usageLocation',
      'preferredLanguage',
      'onPremisesExtensionAttributes.extensionAttribute1',
      'onPremisesExtensionAttributes.extensionAttribute7',
    ],
    writes: 1,
  },
  {
    kind: directoryExtension,
    keys: [extensions.badgeNumber, extensions.clearanceLevel, extensions.laboratories, extensions.inducted],
    byHand: [extensions.plantCode],
    writes: 1,
  },
  { kind: openExtension, keys: ['example.fjellbekk.induction', 'example.fjellbekk.timesheets'], writes: 2 },
  {
    kind: customSecurityAttribute,
    keys: ['Calibration.Level', 'Calibration.Rigs', 'Site.Escorted', 'Site.HoursPerWeek', 'Site.Projects'],
    writes: 1,
  },
  { kind: manager, keys: ['manager'], writes: 1 },
  { kind: directReport, keys: [guests.tomas, guests.priya], writes: 2 },
  { kind: sponsor, keys: [staff.projectLead, staff.labManager], writes: 2 },
  { kind: sponsorOf, keys: [guests.tomas, guests.leo], writes: 2 },
];

let guest: ReplacedGuest;
afterEach(() => {
  guest.close();
});

describe.each(kinds)('$kind.title', ({ kind, keys, byHand = [], writes }) => {
  const given = keys.length;
  // The invitation gives the new guest the name.
  const absent = kind === profile ? given - 1 : given;
  const all = (result: string): string[] => Array.from({ length: given }, () => result);

  beforeEach(() => {
    guest = new ReplacedGuest(kind);
  });

  /** The new guest has all of it, except what people have to do. */
  const expectEqual = async (): Promise<void> => {
    const { equal, missing } = compareAccess(guest.grants, await guest.captureNew());
    expect(missing.map(({ key }) => key)).toEqual(byHand);
    expect(equal).toBe(given);
  };

  it('captures each grant once, with few reads, without writing and without the id of the guest', async () => {
    const before = await guest.tenant.state();
    const grants = await guest.capture();
    expect(grants.map(({ key }) => key)).toEqual([...keys, ...byHand]);
    expect(guest.restorable().map(({ key }) => key)).toEqual(keys);
    expect(JSON.stringify(grants)).not.toContain(guest.oldId);
    expect(await guest.writes()).toEqual([]);
    expect(await guest.tenant.state()).toEqual(before);
    const sent = (await guest.tenant.requests()).filter(({ inBatch }) => inBatch !== true);
    expect(sent.length).toBeLessThanOrEqual(3);
  });

  it('gives everything back in one go; a second run finds it and changes nothing', async () => {
    await guest.replace();
    const first = await guest.results();
    expect(first.filter((result) => result === 'restored')).toHaveLength(absent);
    expect(await guest.writes()).toHaveLength(writes);
    await expectEqual();
    const before = await guest.tenant.state();
    expect(await guest.results()).toEqual(all('alreadyPresent'));
    expect(await guest.tenant.state()).toEqual(before);
  });

  it('leaves everybody else as they were before the switch', async () => {
    const others = async () =>
      (await guest.tenant.state()).users.filter(({ id }) => id !== guest.oldId && id !== guest.newId);
    const before = await others();
    await guest.replace();
    await guest.restore();
    const withNewId: unknown = JSON.parse(JSON.stringify(before).replaceAll(guest.oldId, guest.newId));
    const after = await others();
    // Reports and sponsored users name the new guest; of the rest nothing changed, except what the purge took.
    const touched = kind === directReport ? ['manager'] : kind === sponsorOf ? ['sponsors'] : [];
    const compared = (users: unknown): unknown =>
      (users as Record<string, unknown>[]).map((user) =>
        Object.fromEntries(
          Object.entries(user).flatMap(([name, value]) => {
            if (name === 'sponsors') return touched.includes(name) ? [[name, new Set(value as string[])]] : [];
            return name !== 'manager' || touched.includes(name) ? [[name, value]] : [];
          }),
        ),
      );
    expect(compared(after)).toEqual(compared(withNewId));
  });

  it('a lost answer doubles nothing: the next run finds what took effect', async () => {
    await guest.replace();
    await guest.faultOnWrites({ kind: 'lostAck', times: 100 });
    const lost = await guest.results();
    expect(lost.filter((result) => result === 'retry')).toHaveLength(absent);
    await guest.tenant.control('PUT', 'faults', []);
    const before = await guest.tenant.state();
    expect(await guest.results()).toEqual(all('alreadyPresent'));
    expect(await guest.tenant.state()).toEqual(before);
  });

  it('a refusal is reported for each grant, without the words of the service', async () => {
    await guest.replace();
    const body = { error: { code: 'Authorization_RequestDenied', message: 'Not for ada@work.example.' } };
    await guest.faultOnWrites({ kind: 'status', status: 403, body, times: 100 });
    const attempts = await guest.restore();
    expect(attempts.filter(({ result }) => result === 'failed')).toHaveLength(absent);
    expect(JSON.stringify(attempts)).not.toContain('@');
  });

  it('a guest whom no replica knows yet is tried again later', async () => {
    await guest.replace({ unknown: true });
    expect(await guest.results()).toEqual(all('retry'));
  });

  it('a guest who has none of it has no grants', async () => {
    const own = ['displayName', 'givenName', 'surname'];
    const none = await kind.capture(guests.ines, guest.outside);
    expect(none.map(({ key }) => key)).toEqual(kind === profile ? own : []);
  });

  it('a missing permission is thrown, not taken for nothing', async () => {
    await guest.settings({ grantedPermissions: ['Group.Read.All'] });
    await expect(guest.capture()).rejects.toMatchObject({ status: 403 });
  });
});
