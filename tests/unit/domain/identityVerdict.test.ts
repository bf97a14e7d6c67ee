import { identityVerdict, type Identity, type IdentityVerdict } from '../../../domain/identityVerdict';

function federated(issuer: string | null): Identity {
  return { signInType: 'federated', issuer, issuerAssignedId: null };
}
const upn: Identity = { signInType: 'userPrincipalName', issuer: 'tenant.example', issuerAssignedId: 'a' };

describe('one provider', () => {
  it.each<[string | null, IdentityVerdict]>([
    ['MicrosoftAccount', 'personal'],
    ['Microsoft account', 'personal'],
    ['microsoftaccount', 'personal'],
    ['MICROSOFT  ACCOUNT ', 'personal'],
    ['ExternalAzureAD', 'work'],
    ['External Azure AD', 'work'],
    ['externalazuread', 'work'],
    ['mail', 'emailCode'],
    ['Mail', 'emailCode'],
    ['google.com', 'google'],
    ['Google.com', 'google'],
    ['https://idp.example/saml', 'federated'],
    ['http://idp.example/saml', 'federated'],
    ['urn:idp:example', 'federated'],
    ['tenant.example', 'unknown'],
    ['tenant.onmicrosoft.com', 'unknown'],
    ['MicrosoftAccounts', 'unknown'],
    ['NotMicrosoftAccount', 'unknown'],
    ['facebook.com', 'unknown'],
    ['gmail', 'unknown'],
    ['httpsidp.example', 'unknown'],
    ['', 'unknown'],
    [null, 'unknown'],
  ])('the issuer %p is %s', (issuer, verdict) => {
    expect(identityVerdict([federated(issuer)])).toBe(verdict);
  });

  it('the user principal name beside it does not count, however it is spelled', () => {
    const spelled = { ...upn, signInType: 'UserPrincipalName' };
    expect(identityVerdict([upn, federated('MicrosoftAccount'), spelled])).toBe('personal');
  });

  it('the same provider twice is one provider', () => {
    expect(identityVerdict([federated('MicrosoftAccount'), federated('Microsoft account')])).toBe('personal');
  });
});

describe('never personal', () => {
  it.each<[string, Identity[]]>([
    ['no identity', []],
    ['only a user principal name', [upn]],
    ['personal and work', [federated('MicrosoftAccount'), federated('ExternalAzureAD')]],
    ['personal and something unknown', [federated('MicrosoftAccount'), federated('tenant.example')]],
    ['an identity without any field', [{}]],
    ['an issuer in the wrong field', [{ signInType: 'MicrosoftAccount', issuer: null }]],
    ['the issuer as user principal name only', [{ ...upn, issuer: 'MicrosoftAccount' }]],
  ])('%s is unknown', (_name, identities) => {
    expect(identityVerdict(identities)).toBe('unknown');
  });
});
