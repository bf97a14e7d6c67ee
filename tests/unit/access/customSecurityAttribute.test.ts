import { customSecurityAttribute } from '../../../access/customSecurityAttribute';
import { ReplacedGuest } from '../../support/replacedGuest';

let guest: ReplacedGuest;
beforeEach(async () => {
  guest = new ReplacedGuest(customSecurityAttribute);
  await guest.replace();
});
afterEach(() => {
  guest.close();
});

it('writes all in one request, each set with its type and numbers and lists with theirs', async () => {
  await guest.restore();
  const [write] = (await guest.tenant.requests()).filter(({ method }) => method === 'PATCH');
  const type = { '@odata.type': '#Microsoft.DirectoryServices.CustomSecurityAttributeValue' };
  expect(write).toMatchObject({
    requestBody: {
      customSecurityAttributes: {
        Calibration: { ...type, Level: 'Certified', 'Rigs@odata.type': '#Collection(String)', Rigs: ['R1', 'R4'] },
        Site: {
          ...type,
          Escorted: false,
          'HoursPerWeek@odata.type': '#Int32',
          HoursPerWeek: 16,
          'Projects@odata.type': '#Collection(Int32)',
          Projects: [1001, 1003],
        },
      },
    },
  });
});

it('an attribute deactivated meanwhile fails alone', async () => {
  const state = (await guest.tenant.state()) as unknown as {
    customSecurityAttributeDefinitions: { id: string; status: string }[];
  };
  for (const one of state.customSecurityAttributeDefinitions) {
    if (one.id === 'Calibration_Level') one.status = 'Deprecated';
  }
  await guest.tenant.control('PUT', 'state', state);
  expect(await guest.results()).toEqual(['failed', 'restored', 'restored', 'restored', 'restored']);
  expect(await guest.results()).toEqual([
    'failed',
    'alreadyPresent',
    'alreadyPresent',
    'alreadyPresent',
    'alreadyPresent',
  ]);
});

it('an attribute that somebody assigned meanwhile stays', async () => {
  await guest.tenant.graph.write('PATCH', `/users/${guest.newId}`, {
    customSecurityAttributes: {
      Calibration: { '@odata.type': '#Microsoft.DirectoryServices.CustomSecurityAttributeValue', Level: 'Examiner' },
    },
  });
  expect(await guest.results()).toEqual(['manual', 'restored', 'restored', 'restored', 'restored']);
  const [level] = await guest.captureNew();
  expect(level).toMatchObject({ key: 'Calibration.Level', data: { value: 'Examiner' } });
});
