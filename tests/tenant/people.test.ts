import { extensions, groups, guests, staff } from '../../local/tenant/seed/ids';
import { TestTenant, link, nobody, type Json } from './support';

const { mara, tomas, ines, leo, priya } = guests;
let tenant: TestTenant;

beforeEach(async () => {
  tenant = await TestTenant.start();
});
afterEach(() => tenant.close());

const granted = async (...permissions: string[]) => {
  await tenant.settings({ grantedPermissions: permissions });
  tenant.forgetTokens();
};
const read = async (id: string, select: string) => (await tenant.graph('GET', `/users/${id}?$select=${select}`)).body;
const change = (id: string, body: object) => tenant.graph('PATCH', `/users/${id}`, body);
const idsOf = (body: Json): string[] => body.value.map(({ id }: Json) => id as string);

/** Takes the guest away for good and invites the address again: the id of the new guest. */
async function replace(id: string, address: string): Promise<string> {
  await tenant.graph('DELETE', `/users/${id}`);
  expect((await tenant.graph('DELETE', `/directory/deletedItems/${id}`)).status).toBe(204);
  return (await tenant.invite(address)).body.invitedUser.id as string;
}

describe('extension attributes and organization data', () => {
  const all = 'onPremisesExtensionAttributes,employeeHireDate,employeeOrgData';

  test('every user shows all fifteen; a PATCH changes the named ones only', async () => {
    const none = (await read(ines, all)).onPremisesExtensionAttributes;
    expect(Object.keys(none)).toHaveLength(15);
    expect(new Set(Object.values(none))).toEqual(new Set([null]));
    expect((await change(mara, { onPremisesExtensionAttributes: { extensionAttribute2: 'x' } })).status).toBe(204);
    expect((await read(mara, all)).onPremisesExtensionAttributes).toMatchObject({
      extensionAttribute1: 'CAL-2',
      extensionAttribute2: 'x',
      extensionAttribute7: 'Aurora',
    });
  });

  test.each([
    ['a sixteenth', { onPremisesExtensionAttributes: { extensionAttribute16: 'x' } }],
    ['a number', { onPremisesExtensionAttributes: { extensionAttribute1: 1 } }],
    ['a text too long', { onPremisesExtensionAttributes: { extensionAttribute1: 'x'.repeat(1025) } }],
    ['a date that is none', { employeeHireDate: 'in May' }],
    ['an unknown part', { employeeOrgData: { team: 'x' } }],
  ])('%s is refused', async (_what, body) => {
    expect((await change(ines, body)).status).toBe(400);
  });

  test('synchronized users keep theirs', async () => {
    const refused = await change(staff.operator, { onPremisesExtensionAttributes: { extensionAttribute1: 'x' } });
    expect(refused).toMatchObject({ status: 400, body: { error: { message: expect.stringMatching(/on-premises/) } } });
  });

  test('the date of leaving needs a permission of its own, for reading too', async () => {
    expect((await tenant.graph('GET', `/users/${mara}?$select=employeeLeaveDateTime`)).status).toBe(403);
    expect((await change(mara, { employeeLeaveDateTime: '2030-01-01T00:00:00Z' })).status).toBe(403);
  });

  test('dynamic groups follow extension attributes', async () => {
    const members = async () =>
      idsOf((await tenant.graph('GET', `/groups/${groups.calibrationLevelDynamic}/members`)).body);
    expect(await members()).toEqual([mara]);
    await change(leo, { onPremisesExtensionAttributes: { extensionAttribute1: 'CAL-2' } });
    expect((await members()).sort()).toEqual([mara, leo].sort());
  });
});

describe('directory extensions', () => {
  const available = (body: object = {}) =>
    tenant.graph('POST', '/directoryObjects/getAvailableExtensionProperties', body);

  test('are listed with their types, synchronized ones apart', async () => {
    const { body } = await available();
    expect(body.value).toHaveLength(6);
    expect(body.value[0]).toEqual({
      '@odata.type': '#microsoft.graph.extensionProperty',
      id: expect.any(String),
      deletedDateTime: null,
      appDisplayName: 'Supplier Portal',
      dataType: 'String',
      isMultiValued: false,
      isSyncedFromOnPremises: false,
      name: extensions.badgeNumber,
      targetObjects: ['User'],
    });
    const synced = await available({ isSyncedFromOnPremises: true });
    expect(synced.body.value.map(({ name }: Json) => name as string)).toEqual([extensions.plantCode]);
    await granted('User.ReadWrite.All');
    expect((await available()).status).toBe(403);
  });

  test('are answered only when selected, and only those that have a value', async () => {
    expect(JSON.stringify((await tenant.graph('GET', `/users/${mara}`)).body)).not.toContain('extension_');
    expect(await read(tomas, `id,${extensions.badgeNumber},${extensions.laboratories}`)).toEqual({
      '@odata.context': expect.any(String),
      id: tomas,
      [extensions.badgeNumber]: 'B-2208',
    });
  });

  test('that nobody defines can be neither selected nor written', async () => {
    const unknown = extensions.badgeNumber.replace('badge', 'locker');
    const onGroups = extensions.badgeNumber.replace('badgeNumber', 'roomPlan');
    for (const name of [unknown, onGroups]) {
      expect((await tenant.graph('GET', `/users/${mara}?$select=id,${name}`)).status).toBe(400);
      const refused = await change(mara, { jobTitle: 'x', [name]: 'y' });
      expect(refused.status).toBe(400);
      expect(refused.body.error.message).toBe(`The following extension properties are not available: ${name}.`);
    }
    expect((await read(mara, 'jobTitle')).jobTitle).not.toBe('x');
  });

  test.each([
    ['a number where a text is expected', extensions.badgeNumber, 7],
    ['a text where a number is expected', extensions.clearanceLevel, '2'],
    ['one value where a list is expected', extensions.laboratories, 'Lab 1'],
    ['a list of other values', extensions.laboratories, [1]],
    ['a value of what is synchronized', extensions.plantCode, 'OSL'],
  ])('%s is refused', async (_what, name, value) => {
    expect((await change(ines, { [name]: value })).status).toBe(400);
  });

  test('fitting values are kept, null removes', async () => {
    const values = {
      [extensions.clearanceLevel]: 3,
      [extensions.laboratories]: ['Lab 1'],
      [extensions.inducted]: false,
    };
    expect((await change(ines, values)).status).toBe(204);
    expect(await read(ines, Object.keys(values).join(','))).toMatchObject(values);
    await change(ines, { [extensions.clearanceLevel]: null });
    expect((await read(ines, extensions.clearanceLevel))[extensions.clearanceLevel]).toBeNull();
  });
});

describe('open extensions', () => {
  const path = `/users/${ines}/extensions`;
  const create = (extensionName: string, content: object = {}, id = ines) =>
    tenant.graph('POST', `/users/${id}/extensions`, {
      '@odata.type': 'microsoft.graph.openTypeExtension',
      extensionName,
      ...content,
    });

  test('are made once and shown with the types of lists', async () => {
    const made = await create('example.one', { colour: 'blue', sizes: [1, 2], tags: ['a'] });
    expect(made).toMatchObject({ status: 201, body: { id: 'example.one', extensionName: 'example.one' } });
    const again = await create('Example.One');
    expect(again.status).toBe(400);
    expect(again.body.error.message).toBe('An extension already exists with given id.');
    const shown = {
      '@odata.type': '#microsoft.graph.openTypeExtension',
      id: 'example.one',
      colour: 'blue',
      'sizes@odata.type': '#Collection(Int32)',
      sizes: [1, 2],
      'tags@odata.type': '#Collection(String)',
      tags: ['a'],
    };
    expect((await tenant.graph('GET', path)).body.value).toEqual([shown]);
    expect((await tenant.graph('GET', `${path}/example.one`)).body).toMatchObject(shown);
    expect((await tenant.graph('GET', `${path}/example.two`)).status).toBe(404);
  });

  test('an update replaces the whole content', async () => {
    await create('example.one', { colour: 'blue', size: 1 });
    expect((await tenant.graph('PATCH', `${path}/example.one`, { size: 2 })).status).toBe(204);
    const { body } = await tenant.graph('GET', `${path}/example.one`);
    expect(body).toMatchObject({ size: 2 });
    expect(body).not.toHaveProperty('colour');
    expect((await tenant.graph('PATCH', `${path}/nothing`, { size: 2 })).status).toBe(404);
  });

  test('an application makes two of them for a user, whatever others made', async () => {
    expect((await create('example.one', {}, mara)).status).toBe(201);
    expect((await create('example.two', {}, mara)).status).toBe(201);
    expect((await create('example.three', {}, mara)).status).toBe(400);
    expect((await tenant.graph('GET', `/users/${mara}/extensions`)).body.value).toHaveLength(4);
    expect(JSON.stringify((await tenant.graph('GET', `/users/${mara}/extensions`)).body)).not.toContain('creatorAppId');
  });

  test.each([
    ['no name', { '@odata.type': 'microsoft.graph.openTypeExtension' }],
    ['no type', { extensionName: 'example.one' }],
    ["Microsoft's name", { '@odata.type': 'microsoft.graph.openTypeExtension', extensionName: 'com.microsoft.x' }],
    ['an object inside', { '@odata.type': 'microsoft.graph.openTypeExtension', extensionName: 'a', inner: {} }],
    ['2 KB', { '@odata.type': 'microsoft.graph.openTypeExtension', extensionName: 'a', text: 'x'.repeat(2048) }],
  ])('%s is refused', async (_what, body) => {
    expect((await tenant.graph('POST', path, body)).status).toBe(400);
    expect((await tenant.graph('GET', path)).body.value).toEqual([]);
  });

  test('reading is not writing', async () => {
    await granted('User.Read.All');
    expect((await tenant.graph('GET', path)).status).toBe(200);
    expect((await create('example.one')).status).toBe(403);
  });
});

describe('custom security attributes', () => {
  const assign = (set: string, values: object, id = ines) =>
    change(id, {
      customSecurityAttributes: {
        [set]: { '@odata.type': '#Microsoft.DirectoryServices.CustomSecurityAttributeValue', ...values },
      },
    });
  const held = async (id = ines) => (await read(id, 'customSecurityAttributes')).customSecurityAttributes;

  test('are shown with annotations, and changed attribute by attribute', async () => {
    expect(await held()).toBeNull();
    expect((await assign('Calibration', { Level: 'Examiner' }, mara)).status).toBe(204);
    expect(await held(mara)).toEqual({
      Calibration: {
        '@odata.type': '#microsoft.graph.customSecurityAttributeValue',
        Level: 'Examiner',
        'Rigs@odata.type': '#Collection(String)',
        Rigs: ['R1', 'R4'],
      },
      Site: {
        '@odata.type': '#microsoft.graph.customSecurityAttributeValue',
        Escorted: false,
        'HoursPerWeek@odata.type': '#Int32',
        HoursPerWeek: 16,
        'Projects@odata.type': '#Collection(Int32)',
        Projects: [1001, 1003],
      },
    });
    await assign('Calibration', { Level: null, Rigs: [] }, mara);
    expect(Object.keys(await held(mara))).toEqual(['Site']);
  });

  test.each([
    ['an unknown set', 'Weather', { Level: 'Certified' }],
    ['an unknown attribute', 'Calibration', { Mood: 'good' }],
    ['a name in other case', 'calibration', { Level: 'Certified' }],
    ['a value that is not predefined', 'Calibration', { Level: 'Master' }],
    ['a deactivated attribute', 'Site', { ParkingLot: 'P1' }],
    ['a number without its type', 'Site', { HoursPerWeek: 8 }],
    ['a list without its type', 'Calibration', { Rigs: ['R1'] }],
    ['a text where a Boolean is expected', 'Site', { Escorted: 'yes' }],
    ['a text of 65 characters', 'Calibration', { 'Rigs@odata.type': '#Collection(String)', Rigs: ['x'.repeat(65)] }],
    [
      'fifty-one values',
      'Site',
      { 'Projects@odata.type': '#Collection(Int32)', Projects: Array.from({ length: 51 }, (_, number) => number) },
    ],
  ])('%s is refused, and nothing of the request is kept', async (_what, set, values) => {
    const body = {
      jobTitle: 'Changed',
      customSecurityAttributes: {
        [set]: { '@odata.type': '#Microsoft.DirectoryServices.CustomSecurityAttributeValue', ...values },
      },
    };
    expect((await change(ines, body)).status).toBe(400);
    expect(await held()).toBeNull();
    expect((await read(ines, 'jobTitle')).jobTitle).toBeNull();
  });

  test('a set without its type is refused', async () => {
    expect((await change(ines, { customSecurityAttributes: { Site: { Escorted: true } } })).status).toBe(400);
  });

  test('need permissions of their own for reading and for writing', async () => {
    await granted('User.ReadWrite.All', 'CustomSecAttributeAssignment.Read.All');
    expect(await held(tomas)).toMatchObject({ Calibration: { Level: 'Apprentice' } });
    expect((await assign('Site', { Escorted: true })).status).toBe(403);
    await granted('User.ReadWrite.All');
    expect((await tenant.graph('GET', `/users/${tomas}?$select=customSecurityAttributes`)).status).toBe(403);
  });
});

describe('manager, reports and sponsors', () => {
  const sponsorOf = async (id: string) => idsOf((await tenant.graph('GET', `/users/${id}/sponsorOf`)).body).sort();
  const addSponsor = (id: string, sponsor: string) =>
    tenant.graph('POST', `/users/${id}/sponsors/$ref`, { '@odata.id': link(sponsor) });

  test('a manager can be expanded with chosen properties; without one there is nothing', async () => {
    const path = (id: string) => `/users/${id}?$select=id&$expand=manager($select=id,displayName)`;
    expect((await tenant.graph('GET', path(mara))).body.manager).toEqual({
      '@odata.type': '#microsoft.graph.user',
      id: staff.projectLead,
      displayName: 'Sofia Bakke',
    });
    expect((await tenant.graph('GET', path(ines))).body).not.toHaveProperty('manager');
  });

  test('synchronized users get their manager from elsewhere', async () => {
    const path = `/users/${staff.operator}/manager/$ref`;
    expect((await tenant.graph('PUT', path, { '@odata.id': link(mara) })).status).toBe(400);
    expect((await tenant.graph('DELETE', path)).status).toBe(400);
  });

  test('whom a user sponsors includes those whom their groups sponsor', async () => {
    expect(await sponsorOf(mara)).toEqual([tomas, priya, leo].sort());
    expect(await sponsorOf(staff.qualityEngineer)).toEqual([priya]);
    expect(await sponsorOf(ines)).toEqual([]);
  });

  test('a guest has five sponsors at most', async () => {
    const others = Object.values(staff).slice(0, 5);
    for (const sponsor of others) expect((await addSponsor(ines, sponsor)).status).toBe(204);
    expect((await addSponsor(ines, staff.operator)).status).toBe(400);
    const twice = await addSponsor(ines, staff.projectLead);
    expect(twice.body.error.message).toContain('already exist');
    expect((await addSponsor(ines, nobody())).status).toBe(404);
  });

  test('a deletion hides the links, a restore shows them again, a purge removes them', async () => {
    const manager = async (id: string) => (await tenant.graph('GET', `/users/${id}/manager`)).status;
    await tenant.graph('DELETE', `/users/${mara}`);
    expect(await manager(tomas)).toBe(404);
    expect(idsOf((await tenant.graph('GET', `/users/${leo}/sponsors`)).body)).toEqual([]);
    await tenant.graph('POST', `/directory/deletedItems/${mara}/restore`);
    expect(await manager(tomas)).toBe(200);
    expect(await sponsorOf(mara)).toEqual([tomas, priya, leo].sort());
    await tenant.graph('DELETE', `/users/${mara}`);
    await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
    expect(await manager(tomas)).toBe(404);
    expect((await tenant.state()).users.find(({ id }: Json) => id === tomas)).toMatchObject({
      sponsors: [staff.projectLead],
    });
  });

  test('a purge also forgets the links of those who are deleted themselves', async () => {
    for (const id of [tomas, mara]) await tenant.graph('DELETE', `/users/${id}`);
    await tenant.graph('DELETE', `/directory/deletedItems/${mara}`);
    expect((await tenant.graph('POST', `/directory/deletedItems/${tomas}/restore`)).status).toBe(200);
    expect((await tenant.graph('GET', `/users/${tomas}/manager`)).status).toBe(404);
    const state = await tenant.state();
    await tenant.control('PUT', 'state', state);
  });
});

describe('authentication methods', () => {
  const path = (id: string) => `/users/${id}/authentication/methods`;

  test('are listed with what they contain, for those who may', async () => {
    const types = (await tenant.graph('GET', path(mara))).body.value.map((one: Json) => one['@odata.type'] as string);
    expect(types.map((type: string) => type.slice('#microsoft.graph.'.length))).toEqual([
      'passwordAuthenticationMethod',
      'microsoftAuthenticatorAuthenticationMethod',
      'microsoftAuthenticatorAuthenticationMethod',
      'phoneAuthenticationMethod',
    ]);
    expect((await tenant.graph('GET', path(ines))).body.value).toEqual([]);
    expect((await tenant.graph('GET', `${path(mara)}?$select=id`)).status).toBe(400);
    expect((await tenant.graph('GET', path(nobody()))).status).toBe(404);
    await granted('User.ReadWrite.All', 'Directory.ReadWrite.All');
    expect((await tenant.graph('GET', path(mara))).status).toBe(403);
  });

  test('five requests in ten seconds are served, apart from all others', async () => {
    await tenant.settings({ throttling: 'microsoft' });
    for (let number = 0; number < 5; number++) expect((await tenant.graph('GET', path(mara))).status).toBe(200);
    const refused = await tenant.graph('GET', path(mara));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(2);
    expect((await tenant.graph('GET', `/users/${mara}`)).status).toBe(200);
  });
});

test('a new guest of the same address has none of all this', async () => {
  const id = await replace(mara, 'mara.lindqvist@ostsund.example');
  const names = `${Object.values(extensions).join(',')},onPremisesExtensionAttributes,customSecurityAttributes`;
  expect(Object.keys(await read(id, names)).filter((name) => name.startsWith('extension_'))).toEqual([]);
  expect((await read(id, names)).customSecurityAttributes).toBeNull();
  for (const list of ['extensions', 'authentication/methods', 'sponsorOf', 'directReports']) {
    expect((await tenant.graph('GET', `/users/${id}/${list}`)).body.value).toEqual([]);
  }
});

test('what replicas do not know yet can be neither read nor used', async () => {
  await tenant.settings({ replicationMs: 1_000_000_000_000 });
  const id = (await tenant.invite('somebody.new@ostsund.example')).body.invitedUser.id as string;
  const status = async (method: string, path: string, body?: object) => (await tenant.graph(method, path, body)).status;
  expect(await status('GET', `/users/${id}/extensions`)).toBe(404);
  expect(await status('GET', `/users/${id}/authentication/methods`)).toBe(404);
  expect(await status('POST', `/users/${id}/extensions`, { extensionName: 'x' })).toBe(404);
  expect(await status('POST', `/users/${tomas}/sponsors/$ref`, { '@odata.id': link(id) })).toBe(400);
  expect(await status('PUT', `/users/${tomas}/manager/$ref`, { '@odata.id': link(id) })).toBe(400);
});

test.each<[string, object, string]>([
  ['an extension that nothing defines', { [extensions.badgeNumber]: 'x' }, extensions.badgeNumber],
  ['an attribute that nothing defines', { customSecurityAttributes: { Site: { Escorted: true } } }, 'Site.Escorted'],
])('a state with %s is refused', async (_what, more, place) => {
  const refused = await tenant.send('PUT', '/_tenant/state', { users: [{ id: nobody(), ...more }] });
  expect(refused.status).toBe(400);
  expect(refused.body.error).toContain(place);
});
