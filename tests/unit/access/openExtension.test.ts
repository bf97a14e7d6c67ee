import { openExtension } from '../../../access/openExtension';
import type { Grant } from '../../../domain/grants';
import { graphOf, outsideOf, refusal } from '../../support/recordedCalls';
import { ReplacedGuest } from '../../support/replacedGuest';

const NEW = '0e000000-0000-4000-8000-000000000002';
const grant = (key: string, value: Record<string, unknown>): Grant => ({
  kind: 'openExtension',
  key,
  name: key,
  data: { value },
});

describe('against the tenant', () => {
  let guest: ReplacedGuest;
  beforeEach(async () => {
    guest = new ReplacedGuest(openExtension);
    await guest.replace();
  });
  afterEach(() => {
    guest.close();
  });

  it('keeps the types of lists beside them, and nothing of whom the extension belongs to', () => {
    expect(guest.grants[0]).toEqual(
      grant('example.fjellbekk.induction', {
        passed: true,
        score: 87,
        'rooms@odata.type': '#Collection(String)',
        rooms: ['Lab 2', 'Lab 5'],
      }),
    );
  });

  it('a third one is refused, with advice, and the two others are given', async () => {
    guest.grants = [...guest.grants, grant('example.third', { colour: 'red' })];
    const attempts = await guest.restore();
    expect(attempts.map(({ result }) => result)).toEqual(['restored', 'restored', 'failed']);
    expect(attempts[2]?.detail).toContain('have the application that it belongs to write it again');
  });

  it('one that exists with other content stays as it is', async () => {
    await guest.tenant.graph.write('POST', `/users/${guest.newId}/extensions`, {
      '@odata.type': 'microsoft.graph.openTypeExtension',
      extensionName: 'example.fjellbekk.induction',
      passed: false,
    });
    expect(await guest.results()).toEqual(['manual', 'restored']);
    const [first] = await guest.captureNew();
    expect(first?.data).toEqual({ value: { passed: false } });
  });
});

it('names the extension also where Graph gives a qualified id', async () => {
  const graph = graphOf(() => [
    { id: 'microsoft.graph.openTypeExtension.example.a', extensionName: 'example.a', size: 1 },
  ]);
  expect(await openExtension.capture(NEW, outsideOf({ graph }))).toEqual([grant('example.a', { size: 1 })]);
});

it('one that exists but does not show is looked at again, not taken for the wanted one', async () => {
  const graph = graphOf(({ method }) => {
    if (method === 'LIST') return [];
    throw refusal(400, 'Request_BadRequest', 'An extension already exists with given id.');
  });
  const attempts = await openExtension.restore([grant('example.a', { size: 1 })], NEW, outsideOf({ graph }));
  expect(attempts).toMatchObject([{ result: 'retry', afterSeconds: 2 }]);
});
