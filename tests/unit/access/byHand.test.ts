import { authenticationMethod } from '../../../access/authenticationMethod';
import { groupMembership } from '../../../access/groupMembership';
import { permissionsToRestore } from '../../../access/kind';
import { outsideGraph } from '../../../access/outsideGraph';
import { compareAccess } from '../../../domain/comparison';
import { groups, guests } from '../../../local/tenant/seed/ids';
import { graphOf, outsideOf } from '../../support/recordedCalls';
import { ReplacedGuest } from '../../support/replacedGuest';

let guest: ReplacedGuest | undefined;
afterEach(() => {
  guest?.close();
  guest = undefined;
});

describe('authentication methods', () => {
  it('are reported one by one, without the password and without what they contain', async () => {
    guest = new ReplacedGuest(authenticationMethod);
    const grants = await guest.capture();
    expect(grants.map(({ key, name }) => [key, name])).toEqual([
      ['microsoftAuthenticator', 'Microsoft Authenticator'],
      ['microsoftAuthenticator#2', 'Microsoft Authenticator (2)'],
      ['phone', 'Phone'],
    ]);
    expect(JSON.stringify(grants)).not.toMatch(/\+46|iPhone|0700000/);
    for (const { instruction } of grants)
      expect(instruction).toContain('https://mysignins.microsoft.com/security-info');
    expect(permissionsToRestore(authenticationMethod, grants)).toEqual([]);
  });

  it('what the new guest registered counts, whatever the order; the rest is missing', async () => {
    guest = new ReplacedGuest(authenticationMethod);
    await guest.replace();
    const before = await guest.tenant.state();
    const users = before.users.map((user) => {
      if (user.id !== guest?.newId) return user;
      const types = ['phone', 'microsoftAuthenticator'];
      const methods = types.map((type) => ({
        '@odata.type': `#microsoft.graph.${type}AuthenticationMethod`,
        id: type,
      }));
      return { ...user, authenticationMethods: methods };
    });
    await guest.tenant.control('PUT', 'state', { ...before, users });
    const { missing, extra } = compareAccess(guest.grants, await guest.captureNew());
    expect(missing.map(({ key }) => key)).toEqual(['microsoftAuthenticator#2']);
    expect(extra).toEqual([]);
  });

  it('a type that Graph invents later has a name, and a pass that ends by itself its own advice', async () => {
    const types = [
      '#microsoft.graph.thoughtAuthenticationMethod',
      '#microsoft.graph.temporaryAccessPassAuthenticationMethod',
    ];
    const graph = graphOf(() => types.map((type) => ({ '@odata.type': type, id: 'secret' })));
    const grants = await authenticationMethod.capture(guests.mara, outsideOf({ graph }));
    expect(grants.map(({ key, name }) => [key, name])).toEqual([
      ['temporaryAccessPass', 'Temporary access pass'],
      ['thought', 'thought'],
    ]);
    expect(grants[0]?.instruction).toContain('ends by itself');
  });
});

describe('access that Graph does not list', () => {
  it('is three reminders with steps, for everybody the same, without a request', async () => {
    const grants = await outsideGraph.capture(guests.mara, outsideOf({}));
    expect(grants.map(({ key }) => key)).toEqual(['sharePoint', 'azureDevOps', 'powerPlatform']);
    for (const { instruction, data } of grants) {
      expect(instruction).toMatch(/1\. .* 2\. .* 3\. /);
      expect(data).toEqual({ advisory: true });
    }
    expect(grants[0]?.instruction).toContain('/_layouts/15/people.aspx?MembershipGroupId=0');
    expect(await outsideGraph.capture(guests.ines, outsideOf({}))).toEqual(grants);
    expect(compareAccess(grants, [])).toEqual({ equal: 0, missing: [], extra: [] });
  });
});

describe('dynamic groups', () => {
  it('say whether the rule will take the guest in again', async () => {
    guest = new ReplacedGuest(groupMembership);
    const grants = await guest.capture();
    const instructionOf = (id: string): string | undefined => grants.find(({ key }) => key === id)?.instruction;
    expect(instructionOf(groups.allGuestsDynamic)).toContain('by itself.');
    expect(instructionOf(groups.calibrationLevelDynamic)).toContain('by itself if the guest');
    expect(instructionOf(groups.ostsundGuestsDynamic)).toContain('probably not take the guest in again');
    expect(instructionOf(groups.ostsundGuestsDynamic)).toContain('user.mail -contains "@ostsund.example"');
  });

  it('and they were right', async () => {
    guest = new ReplacedGuest(groupMembership);
    await guest.replace();
    await guest.tenant.graph.write('PATCH', `/users/${guest.newId}`, {
      department: 'Quality',
      onPremisesExtensionAttributes: { extensionAttribute1: 'CAL-2' },
    });
    const now = (await guest.captureNew()).map(({ key }) => key);
    expect(now.sort()).toEqual([groups.allGuestsDynamic, groups.qualityDynamic, groups.calibrationLevelDynamic].sort());
  });

  it('no address of a person is quoted, and a rule that cannot be read is said', async () => {
    const rules = ['user.mail -in ["ada@work.example", "bob@work.example"]', null];
    const dynamic = rules.map((membershipRule, place) => ({
      id: `g-${place}`,
      groupTypes: ['DynamicMembership'],
      membershipRule,
    }));
    const graph = graphOf(({ path }) => (path.includes('/memberOf/') ? dynamic : []));
    const [addresses, unreadable] = await groupMembership.capture(guests.mara, outsideOf({ graph }));
    expect(addresses?.instruction).toContain('user.mail -in ["…@work.example", "…@work.example"]');
    expect(unreadable?.instruction).toContain('could not be read');
  });
});
