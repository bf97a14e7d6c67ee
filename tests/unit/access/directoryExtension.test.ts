import { directoryExtension } from '../../../access/directoryExtension';
import type { Grant } from '../../../domain/grants';
import { extensions } from '../../../local/tenant/seed/ids';
import { graphOf, outsideOf, silent, type Call } from '../../support/recordedCalls';
import { ReplacedGuest } from '../../support/replacedGuest';

const OLD = '01d00000-0000-4000-8000-000000000001';
const name = (number: number): string => `extension_0123456789abcdef0123456789abcdef_value${number}`;

/** A tenant with these values of one guest; every one of them is defined for users. */
function service(values: Record<string, unknown>) {
  return graphOf(({ method, path }: Call) => {
    if (method === 'QUERY') {
      return { value: Object.keys(values).map((defined) => ({ name: defined, targetObjects: ['User'] })) };
    }
    const selected = (path.split('$select=')[1] ?? '').split(',');
    return Object.fromEntries(Object.entries(values).filter(([one]) => selected.includes(one)));
  });
}

describe('capture', () => {
  it('names application and extension, and says what is synchronized', async () => {
    const guest = new ReplacedGuest(directoryExtension);
    const grants = await guest.capture();
    guest.close();
    expect(grants[0]).toEqual({
      kind: 'directoryExtension',
      key: extensions.badgeNumber,
      name: 'Supplier Portal: badgeNumber',
      data: { value: 'B-2207' },
    });
    const synchronized = grants.find(({ key }) => key === extensions.plantCode);
    expect(synchronized?.instruction).toContain('local Active Directory');
  });

  it('asks for hundreds of extensions in addresses of bearable length', async () => {
    const values = Object.fromEntries(Array.from({ length: 130 }, (_, number) => [name(number), number]));
    const graph = service(values);
    expect(await directoryExtension.capture(OLD, outsideOf({ graph }))).toHaveLength(130);
    const reads = graph.calls.filter(({ method }) => method === 'GET');
    expect(reads).toHaveLength(4);
    for (const { path } of reads) expect(path.length).toBeLessThan(4_000);
  });

  it('a tenant without extensions is not asked about the guest', async () => {
    const graph = graphOf((call) => (call.method === 'QUERY' ? { value: [] } : silent(call)));
    expect(await directoryExtension.capture(OLD, outsideOf({ graph }))).toEqual([]);
  });

  it('nothing is no value; false and zero are', async () => {
    const graph = service({ [name(1)]: null, [name(2)]: '', [name(3)]: [], [name(4)]: false, [name(5)]: 0 });
    const grants = await directoryExtension.capture(OLD, outsideOf({ graph }));
    expect(grants.map(({ data }) => data['value'])).toEqual([false, 0]);
  });

  it('a number that JSON rounds is left to people', async () => {
    const graph = service({ [name(1)]: 2 ** 53, [name(2)]: 2 ** 53 - 1, [name(3)]: [1, 2 ** 60] });
    const grants = await directoryExtension.capture(OLD, outsideOf({ graph }));
    expect(grants.map(({ instruction }) => instruction !== undefined)).toEqual([true, false, true]);
  });

  it('the order of several values does not matter', async () => {
    const [one, other] = [service({ [name(1)]: ['b', 'a'] }), service({ [name(1)]: ['a', 'b'] })];
    expect(await directoryExtension.capture(OLD, outsideOf({ graph: one }))).toEqual(
      await directoryExtension.capture(OLD, outsideOf({ graph: other })),
    );
  });
});

describe('restore', () => {
  let guest: ReplacedGuest;
  beforeEach(async () => {
    guest = new ReplacedGuest(directoryExtension);
    await guest.replace();
  });
  afterEach(() => {
    guest.close();
  });

  it('an extension that nobody defines any more is left to people; the others are given', async () => {
    const gone: Grant = { ...(guest.grants[0] as Grant), key: name(1) };
    guest.grants = [gone, ...guest.restorable()];
    const attempts = await guest.restore();
    expect(attempts.map(({ result }) => result)).toEqual(['manual', 'restored', 'restored', 'restored', 'restored']);
    expect(attempts[0]?.detail).toContain('Define it again');
  });

  it('a value that somebody set meanwhile stays', async () => {
    const { graph } = guest.tenant;
    await graph.write('PATCH', `/users/${guest.newId}`, { [extensions.badgeNumber]: 'B-9999' });
    expect(await guest.results()).toEqual(['manual', 'restored', 'restored', 'restored']);
    const [badge] = await guest.captureNew();
    expect(badge?.data).toEqual({ value: 'B-9999' });
  });

  it('data of another shape never reaches a write', async () => {
    guest.grants = [{ ...(guest.grants[0] as Grant), data: { value: { id: 'x' } } }];
    await expect(guest.restore()).rejects.toThrow();
    expect(await guest.writes()).toEqual([]);
  });
});
