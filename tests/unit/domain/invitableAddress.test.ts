import { isInvitableAddress, migrationRequestSchema } from '../../../domain/migration';

const accepted = [
  'ada@personal.example',
  'Ada.Lovelace@Personal.Example',
  'ada-lovelace@personal.example',
  'ada_lovelace@personal.example',
  '_ada_@personal.example',
  'a@b.co',
  'ada1815@personal.example',
  "o'brien@personal.example",
  'ada@sub.domain.personal.example',
  'ada@my-mail.example',
  'adä@personal.example',
  `${'a'.repeat(64)}@personal.example`,
];

const refused = [
  '',
  ' ',
  'ada',
  '@personal.example',
  'ada@',
  'ada@personal',
  'ada@@personal.example',
  'ada@personal@example.com',
  'ada lovelace@personal.example',
  ' ada@personal.example',
  'ada@personal.example ',
  'ada@personal.example\n',
  'ada+list@personal.example',
  'ada~@personal.example',
  'ada!x@personal.example',
  'ada#EXT#@personal.example',
  'ada$@personal.example',
  'ada%40work@personal.example',
  'ada^b@personal.example',
  'ada&b@personal.example',
  'ada*@personal.example',
  '(ada)@personal.example',
  'ada=b@personal.example',
  '[ada]@personal.example',
  '{ada}@personal.example',
  'ada\\b@personal.example',
  'ada/b@personal.example',
  'ada|b@personal.example',
  'ada;b@personal.example',
  'ada:b@personal.example',
  '"ada"@personal.example',
  '<ada@personal.example>',
  'ada?@personal.example',
  'ada,bob@personal.example',
  '.ada@personal.example',
  'ada.@personal.example',
  '-ada@personal.example',
  'ada-@personal.example',
  'ada..b@personal.example',
  'ada@personal..example',
  'ada@.example',
  'ada@-personal.example',
  'ada@personal-.example',
  'ada@personal.e',
  'ada@personal.123',
  'ada@[10.0.0.1]',
  `${'a'.repeat(250)}@b.example`,
];

it.each(accepted)('%p can be invited', (address) => {
  expect(isInvitableAddress(address)).toBe(true);
});

it.each(refused)('%p is refused', (address) => {
  expect(isInvitableAddress(address)).toBe(false);
});

it('the request refuses what cannot be invited, and an absent address is fine', () => {
  const guest = '01d00000-0000-4000-8000-000000000001';
  expect(migrationRequestSchema.safeParse({ guest, inviteEmail: 'ada+list@personal.example' }).success).toBe(false);
  expect(migrationRequestSchema.safeParse({ guest }).success).toBe(true);
});
