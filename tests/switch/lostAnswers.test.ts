import { guests } from '../../local/tenant/seed/ids';
import { isWrite } from '../support/requestLog';
import { switchInProcess, type Switched } from '../support/switchInProcess';
import { wholeTenant } from '../support/wholeTenant';

/** A place in a run where a write can be hit; the ids that a run makes up are patterns. */
interface FaultPlace {
  method: string;
  path: string;
  skip: number;
  name: string;
}

const madeUp = '[0-9a-f-]{36}';

function placesOf({ requests, record, before }: Switched): FaultPlace[] {
  const known = JSON.stringify(before);
  const seen = new Map<string, number>();
  return requests.filter(isWrite).map(({ method, path }) => {
    const pattern = path
      .replaceAll(/[.$()+]/g, String.raw`\$&`)
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) =>
        id === record.guest.newId || !known.includes(id) ? madeUp : id,
      );
    const skip = seen.get(`${method} ${pattern}`) ?? 0;
    seen.set(`${method} ${pattern}`, skip + 1);
    return { method, path: `^${pattern}$`, skip, name: `${method} ${path}` };
  });
}

async function run(faults: object[]): Promise<Switched> {
  return switchInProcess({
    guestId: guests.mara,
    settings: { rewriteConditionalAccess: true },
    prepare: async (tenant) => {
      await tenant.control('PUT', 'faults', faults);
    },
  });
}

describe('every write may be executed and its answer lost: nothing happens twice (invariant 6)', () => {
  it('the answer of each write of a switch with every kind of grant is lost in turn', async () => {
    const undisturbed = await run([]);
    const places = placesOf(undisturbed);
    const expected = wholeTenant(undisturbed.after, undisturbed.record.guest.newId);
    await undisturbed.close();
    expect(undisturbed.record).toMatchObject({ error: null, access: { failed: 0 } });
    expect(places.length).toBeGreaterThan(50);
    for (const { name, ...place } of places) {
      const disturbed = await run([{ ...place, kind: 'lostAck' }]);
      await disturbed.close();
      try {
        expect(disturbed.tenant.tenant.faults.list()).toEqual([]);
        expect(disturbed.record).toMatchObject({ error: null, access: { failed: 0 } });
        expect(wholeTenant(disturbed.after, disturbed.record.guest.newId)).toEqual(expected);
      } catch (error) {
        throw new Error(`after a lost answer of ${name}`, { cause: error });
      }
    }
    process.stdout.write(`answers lost in turn: ${places.length}\n`);
  }, 300_000);
});
