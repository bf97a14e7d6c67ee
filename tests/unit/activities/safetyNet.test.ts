import { checkSafetyNet } from '../../../activities/checks/safetyNetChecks';
import { migrationRequestSchema } from '../../../domain/migration';
import { createWorld } from '../../support/activityWorld';

const guest = { id: '01d00000-0000-4000-8000-000000000001', mail: 'Jane@contoso.example' };
const request = (acceptWithinDays: number) => ({
  request: migrationRequestSchema.parse({ guest: guest.id, acceptWithinDays }),
});

async function check(address: string, days: number, purgeAfterRedemption = true) {
  const { deps } = await createWorld();
  return checkSafetyNet(address, guest, request(days), { settings: { ...deps.settings, purgeAfterRedemption } });
}

it.each([
  ['a wait that the recycle bin lasts for', 'jane@outlook.example', 28, true],
  ['a wait that is longer', 'jane@outlook.example', 29, false],
  ['the address that the old guest holds', 'jane@CONTOSO.example', 28, false],
])('the old guest can be kept until the new identity is proven: %s', async (_why, address, days, ok) => {
  expect(await check(address, days)).toMatchObject([
    { id: 'purge-after-redemption-possible', ok, severity: 'blocking' },
  ]);
});

it('is not asked where the old guest is purged first', async () => {
  expect(await check('jane@contoso.example', 90, false)).toEqual([]);
});
