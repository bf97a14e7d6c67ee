import fc from 'fast-check';
import { judgeRule, type AttributeFate, type RuleVerdict } from '../../../domain/membershipRule';

const fates = (rule: string): Record<string, AttributeFate> =>
  Object.fromEntries(judgeRule(rule).reads.map(({ attribute, fate }) => [attribute, fate]));

describe('the attributes a rule reads', () => {
  it.each<[string, Record<string, AttributeFate>]>([
    ['user.department -eq "Sales"', { department: 'restored' }],
    ['(USER.extensionAttribute15 -match "^A")', { extensionAttribute15: 'restored' }],
    ['user.extensionAttribute16 -eq "A"', { extensionAttribute16: 'unknown' }],
    [
      'user.extension_0123456789abcdef0123456789abcdef_badge -eq "7"',
      {
        extension_0123456789abcdef0123456789abcdef_badge: 'restored',
      },
    ],
    ["user.memberOf -any (group.objectId -in ['a'])", { memberOf: 'restored' }],
    [
      'user.assignedPlans -any (assignedPlan.servicePlanId -eq "e" -and assignedPlan.capabilityStatus -eq "Enabled")',
      {
        assignedPlans: 'restored',
      },
    ],
    ['Direct Reports for "62e19b97-8b3d-4d4a-a106-4ce66896a863"', { manager: 'restored' }],
    ['(user.userType -eq "Guest") and (user.accountEnabled -eq true)', { userType: 'same', accountEnabled: 'same' }],
    [
      'user.mail -contains "@work.example" -or user.userPrincipalName -startsWith "a"',
      {
        mail: 'differs',
        userPrincipalName: 'differs',
      },
    ],
    ['user.proxyAddresses -any (_ -startsWith "smtp:a")', { proxyAddresses: 'differs' }],
    ['user.objectId -ne null', { objectId: 'same' }],
    ['user.mail \u2013ne $null', { mail: 'same' }],
    ['user.mail -ne "null"', { mail: 'unknown' }],
    ['user.mail -eq null', { mail: 'unknown' }],
    ['user.onPremisesSecurityIdentifier -eq null', { onPremisesSecurityIdentifier: 'same' }],
    ['user.otherMails -notEndsWith "@x.example"', { otherMails: 'unknown' }],
    ['user.objectId -ne null and user.objectId -in ["1"]', { objectId: 'differs' }],
    ['user.shoeSize -eq 44', { shoeSize: 'unknown' }],
    ['device.deviceOwnership -eq "Company"', {}],
    ['user.department -eq "user.mail -eq"', { department: 'restored' }],
    ['user.department -eq `"Sales`" -and user.mail -eq "a"', { department: 'restored', mail: 'differs' }],
    ['user.city -eq \'user.mail\' and user.country -eq "SE"', { city: 'restored', country: 'restored' }],
    ['', {}],
  ])('%s', (rule, expected) => {
    expect(fates(rule)).toEqual(expected);
  });
});

describe('the verdict', () => {
  it.each<[RuleVerdict['verdict'], string, RegExp]>([
    ['byItself', 'user.userType -eq "Guest"', /take the guest in again by itself\.$/],
    ['byItself', 'user.department -eq "Sales"', /by itself if the guest's profile attributes are restored/],
    ['byItself', 'Direct Reports for "62e1"', /if the guest's manager is restored/],
    [
      'byItself',
      'user.city -eq "Oslo" and user.memberOf -any (group.objectId -in ["a"])',
      /profile attributes and group memberships are/,
    ],
    ['probablyNot', 'user.mail -contains "@work.example"', /probably not .* because it reads mail,/],
    [
      'probablyNot',
      '(user.mail -contains "@a") or (user.userPrincipalName -contains "a") or (user.objectId -eq "1")',
      /mail, userPrincipalName and objectId/,
    ],
    ['probablyNot', 'user.userType -eq "Guest" and user.mail -contains "@a"', /because it reads mail,/],
    ['cannotTell', 'user.mail -contains "@a" -or user.department -eq "b"', /cannot be told\. It reads mail:/],
    ['cannotTell', 'user.shoeSize -eq 44', /It reads shoeSize/],
    ['cannotTell', 'device.x -eq "y"', /cannot be told\.$/],
    ['cannotTell', '', /cannot be told/],
  ])('%s: %s', (verdict, rule, sentence) => {
    expect(judgeRule(rule)).toMatchObject({ verdict, sentence: expect.stringMatching(sentence) });
  });

  it('is given for any text, with each attribute once and none out of a literal', () => {
    const parts = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'user.',
        'mail',
        ' -eq ',
        '"',
        '`"',
        "'",
        '(',
        ')',
        ' and ',
        '-or ',
        'null',
        'direct reports for',
      ),
    );
    fc.assert(
      fc.property(
        fc.array(parts).map((list) => list.join('')),
        (rule) => {
          const { reads, sentence } = judgeRule(rule);
          expect(new Set(reads.map(({ attribute }) => attribute.toLowerCase())).size).toBe(reads.length);
          expect(sentence).toMatch(/\.$/);
        },
      ),
    );
    const plain = fc.stringMatching(/^[^"`]*$/);
    fc.assert(
      fc.property(plain, (value) => {
        expect(judgeRule(`user.department -eq "${value}" and user.city -eq "x"`).reads).toEqual(
          judgeRule('user.department -eq "x" and user.city -eq "x"').reads,
        );
      }),
    );
  });

  it('takes no time with a hostile text', () => {
    const started = performance.now();
    for (const bit of ['"`', "'", 'user.a ', 'user.mail -', '`"', '" ', 'user.x -eq   ']) judgeRule(bit.repeat(50_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
