import { sponsor } from '../../../access/sponsor';
import { sponsorOf } from '../../../access/sponsorOf';
import { groups, guests, staff } from '../../../local/tenant/seed/ids';
import { graphOf, outsideOf } from '../../support/recordedCalls';
import { ReplacedGuest } from '../../support/replacedGuest';

const OLD = '01d00000-0000-4000-8000-000000000001';

describe('sponsors', () => {
  let guest: ReplacedGuest;
  beforeEach(() => {
    guest = new ReplacedGuest(sponsor);
  });
  afterEach(() => {
    guest.close();
  });
  const addSponsors = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      await guest.tenant.graph.write('POST', `/users/${guest.newId}/sponsors/$ref`, {
        '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${id}`,
      });
    }
  };

  it('those whom the invitation named are present already', async () => {
    await guest.replace();
    await addSponsors([staff.projectLead]);
    expect(await guest.results()).toEqual(['alreadyPresent', 'restored']);
  });

  it('one that finds no place is reported, and nobody is removed for it', async () => {
    await guest.replace();
    const others = [staff.operator, staff.accountant, staff.helpdesk, staff.qualityEngineer, groups.finance];
    await addSponsors(others);
    expect(await guest.results()).toEqual(['failed', 'failed']);
    const now = await guest.captureNew();
    expect(now.map(({ key }) => key)).toEqual(others);
  });
});

describe('sponsored users', () => {
  it('those whom only a group of the guest sponsors come back with the group', async () => {
    const guest = new ReplacedGuest(sponsorOf);
    const grants = await guest.capture();
    const listed = (await guest.tenant.requests()).find(({ path }) => path.endsWith('/sponsorOf'));
    expect(JSON.stringify(listed?.responseBody)).toContain(guests.priya);
    expect(grants.map(({ key }) => key)).not.toContain(guests.priya);
    guest.close();
  });

  it('somebody who sponsors themselves is no grant: the new guest is somebody else', async () => {
    const self = [{ '@odata.type': '#microsoft.graph.user', id: OLD, displayName: 'Ada' }];
    const graph = graphOf(() => self);
    expect(await sponsorOf.capture(OLD, outsideOf({ graph }))).toEqual([]);
    expect(await sponsor.capture(OLD, outsideOf({ graph }))).toEqual([]);
  });

  it('an agent is left to people, because its sponsors are kept elsewhere', async () => {
    const sponsored = [
      { '@odata.type': '#microsoft.graph.agentIdentity', id: 'agent', displayName: 'Scheduler' },
      { '@odata.type': '#microsoft.graph.agentUser', id: 'agent-user', displayName: 'Scheduler' },
    ];
    const graph = graphOf(({ path }) => (path.includes('/sponsorOf') ? sponsored : [{ id: OLD.toUpperCase() }]));
    const grants = await sponsorOf.capture(OLD, outsideOf({ graph }));
    expect(grants.map(({ key, instruction }) => [key, instruction !== undefined])).toEqual([
      ['agent', true],
      ['agent-user', false],
    ]);
  });
});
