import { profile } from '../../../access/profile';
import type { Grant } from '../../../domain/grants';
import { azureOf, graphOf, refusal, silent, writesIn, type Call, outsideOf } from '../../support/recordedCalls';

const OLD = '01d00000-0000-4000-8000-000000000001';
const NEW = '0e000000-0000-4000-8000-000000000002';
const azure = azureOf(silent);

function attribute(key: string, value: string | string[]): Grant {
  return { kind: 'profile', key, name: key, data: { value } };
}

/** A user that takes every PATCH, unless it holds an attribute of `refused`. */
function userService(user: Record<string, unknown>, refused: string[] = [], status = 400) {
  return graphOf((call: Call) => {
    if (call.method === 'GET') return user;
    const body = call.body as Record<string, unknown>;
    if (refused.some((name) => name in body)) throw refusal(status, 'Request_BadRequest', 'Invalid value.');
    Object.assign(user, body);
    return undefined;
  });
}

describe('capture', () => {
  it('takes attributes that have a value, one grant each; empty texts, lists and nulls are absent', async () => {
    const graph = graphOf(() => ({
      id: OLD,
      displayName: 'Ada Lovelace',
      jobTitle: '',
      department: null,
      businessPhones: ['+44 1'],
      faxNumber: [],
      userPrincipalName: 'not captured',
    }));
    expect(await profile.capture(OLD, outsideOf({ graph, azure }))).toEqual([
      attribute('displayName', 'Ada Lovelace'),
      attribute('businessPhones', ['+44 1']),
    ]);
    expect(graph.calls).toHaveLength(1);
  });

  it('asks neither for addresses of sign-in nor for anything that an app cannot write', async () => {
    const graph = graphOf(() => ({ id: OLD }));
    await profile.capture(OLD, outsideOf({ graph, azure }));
    const selected = graph.calls[0]?.path.split('$select=')[1]?.split(',') ?? [];
    expect(selected).toContain('jobTitle');
    for (const property of ['mail', 'otherMails', 'userPrincipalName', 'identities', 'aboutMe', 'birthday']) {
      expect(selected).not.toContain(property);
    }
  });
});

describe('restore', () => {
  const grants = [
    attribute('jobTitle', 'Analyst'),
    attribute('city', 'London'),
    attribute('businessPhones', ['+44 1']),
  ];

  it('writes everything that is absent in one PATCH; a second run finds it present', async () => {
    const user = { id: NEW, jobTitle: null };
    const graph = userService(user);
    const restore = async () =>
      (await profile.restore(grants, NEW, outsideOf({ graph, azure }))).map((one) => one.result);
    expect(await restore()).toEqual(['restored', 'restored', 'restored']);
    expect(writesIn(graph.calls)).toEqual([
      {
        method: 'PATCH',
        path: `/users/${NEW}`,
        body: { jobTitle: 'Analyst', city: 'London', businessPhones: ['+44 1'] },
      },
    ]);
    expect(await restore()).toEqual(['alreadyPresent', 'alreadyPresent', 'alreadyPresent']);
    expect(writesIn(graph.calls)).toHaveLength(1);
  });

  it('leaves another value as it is, and asks people to decide', async () => {
    const user = { id: NEW, jobTitle: 'Countess', city: 'London' };
    const graph = userService(user);
    const attempts = await profile.restore(grants, NEW, outsideOf({ graph, azure }));
    expect(attempts.map((one) => one.result)).toEqual(['manual', 'alreadyPresent', 'restored']);
    expect(user.jobTitle).toBe('Countess');
    expect(JSON.stringify(attempts)).not.toContain('Countess');
  });

  it('when the PATCH is refused writes one by one, so that a single bad value stands alone', async () => {
    const user: Record<string, unknown> = { id: NEW };
    const graph = userService(user, ['city']);
    const attempts = await profile.restore(grants, NEW, outsideOf({ graph, azure }));
    expect(attempts.map((one) => one.result)).toEqual(['restored', 'failed', 'restored']);
    expect(writesIn(graph.calls).map((call) => Object.keys(call.body as object))).toEqual([
      ['jobTitle', 'city', 'businessPhones'],
      ['jobTitle'],
      ['city'],
      ['businessPhones'],
    ]);
    expect(user).toEqual({ id: NEW, jobTitle: 'Analyst', businessPhones: ['+44 1'] });
  });

  it.each([404, 429, 503])('is tried again as a whole after %i, without single writes', async (status) => {
    const graph = userService({ id: NEW }, ['city'], status);
    const attempts = await profile.restore(grants, NEW, outsideOf({ graph, azure }));
    expect(attempts.map((one) => one.result)).toEqual(['retry', 'retry', 'retry']);
    expect(writesIn(graph.calls)).toHaveLength(1);
  });

  it('is tried again when the new guest cannot be read yet', async () => {
    const graph = graphOf(() => {
      throw refusal(404, 'Request_ResourceNotFound');
    });
    const attempts = await profile.restore(grants, NEW, outsideOf({ graph, azure }));
    expect(attempts.map((one) => one.result)).toEqual(['retry', 'retry', 'retry']);
  });
});

describe('attributes with parts', () => {
  const exchange = (number: number): string => `onPremisesExtensionAttributes.extensionAttribute${number}`;

  it('those of Exchange are grants of their own, the organization data are one; parts without a value are none', async () => {
    const graph = graphOf(() => ({
      onPremisesExtensionAttributes: { extensionAttribute1: 'A', extensionAttribute2: null, extensionAttribute15: '' },
      employeeOrgData: { '@odata.type': '#microsoft.graph.employeeOrgData', costCenter: '1', division: null },
    }));
    const grants = await profile.capture(OLD, outsideOf({ graph }));
    expect(grants.map(({ key, name, data }) => ({ key, name, data }))).toEqual([
      { key: 'employeeOrgData', name: 'employeeOrgData', data: { value: { costCenter: '1' } } },
      { key: exchange(1), name: 'extensionAttribute1', data: { value: 'A' } },
    ]);
    const nothing = graphOf(() => ({ onPremisesExtensionAttributes: null, employeeOrgData: { costCenter: null } }));
    expect(await profile.capture(OLD, outsideOf({ graph: nothing }))).toEqual([]);
  });

  it('are written into their property, and only those that are absent', async () => {
    const user = { id: NEW, onPremisesExtensionAttributes: { extensionAttribute1: 'kept', extensionAttribute2: null } };
    const graph = userService(user);
    const grants = [attribute(exchange(1), 'A'), attribute(exchange(2), 'B'), attribute('jobTitle', 'Analyst')];
    const attempts = await profile.restore(grants, NEW, outsideOf({ graph }));
    expect(attempts.map((one) => one.result)).toEqual(['manual', 'restored', 'restored']);
    expect(writesIn(graph.calls).map(({ body }) => body)).toEqual([
      { jobTitle: 'Analyst', onPremisesExtensionAttributes: { extensionAttribute2: 'B' } },
    ]);
  });

  it('grants of snapshots before there were any are read as ever', async () => {
    const user = { id: NEW, businessPhones: ['+44 1'] };
    const graph = userService(user);
    const stored = [attribute('jobTitle', 'Analyst'), attribute('businessPhones', ['+44 1'])];
    const attempts = await profile.restore(stored, NEW, outsideOf({ graph }));
    expect(attempts.map((one) => one.result)).toEqual(['restored', 'alreadyPresent']);
  });
});
