import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadGraphContract, requireGraphContract, type ContractEntry } from '../support/graphContract';
import { documentFile } from '../support/graphContract/document';
import { templateFinder } from '../support/graphContract/templates';

const contract = loadGraphContract();
const withDocument = requireGraphContract() === undefined ? describe.skip : describe;

interface Example {
  readonly title: string;
  /** What the example is checked as: an exchange, or a published type. */
  readonly checkedAs: string;
  /** "valid" or "INVALID: …" as printed with the example. */
  readonly verdict: string;
  readonly body: unknown;
}

/** The payloads printed in the file of examples that stands beside the document. */
function readExamples(): Example[] {
  const file = resolve(dirname(documentFile(resolve(__dirname, '../..'))), 'examples.md');
  return readFileSync(file, 'utf8')
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const checked = /^Checked as: (.*?) — (.*)$/m.exec(section);
      const json = /```json\n(.*?)\n```/s.exec(section);
      return {
        title: section.split('\n')[0] ?? '',
        checkedAs: checked?.[1] ?? '',
        verdict: checked?.[2] ?? '',
        body: JSON.parse(json?.[1] ?? '') as unknown,
      };
    });
}

function problemsOf({ checkedAs, body }: Example): string[] {
  const exchange = /^(\w+) (\S+) (?:(request)|response (\d+))$/.exec(checkedAs);
  if (exchange === null) return contract.validateType(checkedAs.replace('schema ', ''), body);
  const [, method = '', template = '', request, status] = exchange;
  const path = `/v1.0${template.replaceAll(/\{[^}]+\}/g, 'a1')}`;
  return request === undefined
    ? contract.validateResponse({ method, path, status: Number(status), responseBody: body })
    : contract.validateRequest({ method, path, status: 0, requestBody: body });
}

/** Examples that the schemas accept and the stricter checks do not, with every problem that is expected. */
const stricter: Readonly<Record<string, readonly string[]>> = {
  'Lifecycle notification as received (differs from the documentation)': [
    '/value/0/sequence is unknown to microsoft.graph.changeNotification',
    '/value/0/organizationId is unknown to microsoft.graph.changeNotification',
  ],
  // The two printed requests go to paths outside the subset, and the printed answer stands without its requests.
  request: ['request 3: no published path has this form', 'request 4: no published path has this form'],
  response: ['answer 3 belongs to no request', 'answer 4 belongs to no request'],
};

withDocument('the printed examples', () => {
  test('are 51, of which one is invalid', () => {
    const examples = readExamples();
    expect(examples).toHaveLength(51);
    expect(examples.filter((example) => example.verdict === 'valid')).toHaveLength(50);
    const titles = examples.map((example) => example.title);
    expect(Object.keys(stricter).filter((title) => !titles.includes(title))).toEqual([]);
  });

  test('get the verdicts that are printed with them', () => {
    const expected = readExamples().map(({ title, verdict }) => {
      const printed = verdict === 'valid' ? [] : verdict.replace('INVALID: ', '').split('; ');
      return { title, problems: [...printed, ...(stricter[title] ?? [])] };
    });
    expect(readExamples().map((example) => ({ title: example.title, problems: problemsOf(example) }))).toEqual(
      expected,
    );
  });
});

const guest = { id: 'a1', displayName: 'Guest', externalUserState: 'Accepted' };
const readGuest: ContractEntry = { method: 'GET', path: '/v1.0/users/a1', status: 200, responseBody: guest };
const invitation = { invitedUserEmailAddress: 'guest@example.com', inviteRedirectUrl: 'https://example.com' };
const invite: ContractEntry = {
  method: 'POST',
  path: '/v1.0/invitations',
  status: 201,
  requestBody: invitation,
  responseBody: { ...invitation, id: 'i1', status: 'PendingAcceptance', invitedUser: { id: 'a1' } },
};
const list: ContractEntry = {
  method: 'GET',
  path: '/v1.0/users/a1/memberOf',
  status: 200,
  responseBody: { value: [{ '@odata.type': '#microsoft.graph.group', id: 'g1', securityEnabled: true }] },
};
const notFound = { error: { code: 'Request_ResourceNotFound', message: 'not here' } };

withDocument('paths and methods', () => {
  test.each([
    ['GET', '/v1.0/users/a1', '/users/{user-id}'],
    ['GET', '/V1.0/users/a1', '/users/{user-id}'],
    ['get', '/v1.0/users/delta', '/users/delta()'],
    ['GET', '/v1.0/users/delta()', '/users/delta()'],
    ['GET', '/v1.0/users/x_y.com%23EXT%23@contoso.com', '/users/{user-id}'],
    ['GET', '/v1.0/users/a1/memberOf/microsoft.graph.group', '/users/{user-id}/memberOf/microsoft.graph.group'],
    ['GET', '/v1.0/directory/deletedItems/microsoft.graph.user', '/directory/deletedItems/microsoft.graph.user'],
    ['DELETE', '/v1.0/groups/g1/members/a1/$ref', '/groups/{group-id}/members/{directoryObject-id}/$ref'],
    ['POST', '/v1.0/groups/g1/members/%24ref', '/groups/{group-id}/members/$ref'],
    ['POST', '/v1.0/$batch', '/$batch'],
  ])('%s %s is %s', (method, path, template) => {
    expect(contract.operationOf(method, path)?.template).toBe(template);
  });

  test('an operation is named as Microsoft names it', () => {
    expect(contract.operationOf('PATCH', '/v1.0/users/a1')?.operationId).toBe('users.user.UpdateUser');
  });

  test.each([
    ['GET', '/v1.0/sites/s1', 'no published path has this form'],
    ['GET', '/v1.0/users/', 'no published path has this form'],
    ['GET', '/v1.0/users/$count', 'no published path has this form'],
    ['GET', '/v1.0/users/%', 'no published path has this form'],
    ['GET', '/v1.0/directory/deletedItems/microsoft.graph.device', 'no published path has this form'],
    ['GET', '/users/a1', 'the path does not begin with /v1.0/'],
    ['GET', '/beta/users/a1', 'the path does not begin with /v1.0/'],
    ['PUT', '/v1.0/users/a1', '/users/{user-id} has no method PUT'],
  ])('%s %s is refused', (method, path, problem) => {
    const entry = { method, path, status: 200 };
    expect(contract.operationOf(method, path)).toBeUndefined();
    expect(contract.validateRequest(entry)).toEqual([problem]);
    expect(contract.validateResponse(entry)).toEqual([problem]);
  });
});

withDocument('query options', () => {
  const problems = (path: string, query: string) =>
    contract.validateRequest({ method: 'GET', path: `/v1.0${path}`, query, status: 200 });

  test.each([
    ['/users', "$filter=userType%20eq%20'Guest'&$select=id,identities,onPremisesExtensionAttributes&$top=999"],
    ['/users', "$filter=mail eq 'o''neil@x.org' or otherMails/any(m:m eq 'a and b eq c')&$count=true"],
    ['/users', "$filter=proxyAddresses/any(p:startsWith(p,'smtp:'))&$orderby=displayName desc,id"],
    ['/users', '$filter=assignedLicenses/$count ne 0&$skiptoken=abc'],
    ['/users/a1', '$select=id,extension_0123456789abcdef0123456789abcdef_costCentre&$expand=manager($select=id,mail)'],
    ['/users/a1/memberOf', '$select=id,displayName,isAssignableToRole,membershipRule'],
    [
      '/identityGovernance/entitlementManagement/assignments',
      "$expand=target,accessPackage,assignmentPolicy&$filter=target/objectId eq 'a1' and state eq 'Delivered'",
    ],
  ])('%s?%s is accepted', (path, query) => {
    expect(problems(path, query)).toEqual([]);
  });

  test.each([
    ['/users/a1', '$filter=id eq 1', 'query option $filter is not declared'],
    ['/users', 'select=id', 'query option select is not declared'],
    ['/users', '$orderBy=id', 'query option $orderBy is not declared'],
    ['/users', '$skip=5', 'query option $skip is not declared'],
    ['/users', '$top=5&$top=6', 'query option $top is given twice'],
    ['/users', '$top=many', '$top is not a number'],
    ['/users', '$count=yes', '$count is neither true nor false'],
    ['/users/a1', '$select=id,dispalyName', '$select names dispalyName, which is unknown to microsoft.graph.user'],
    ['/users', '$orderby=nmae desc', '$orderby names nmae, which is unknown to microsoft.graph.user'],
    ['/users', '$orderby=id upwards', '$orderby is malformed'],
    ['/users', "$filter=usertype eq 'Guest'", '$filter names usertype, which is unknown to microsoft.graph.user'],
    [
      '/users',
      "$filter=identities/any(i:i/issuer eq 'mail') and x eq 1",
      '$filter names x, which is unknown to microsoft.graph.user',
    ],
    ['/users', "$filter=mail eq 'open", '$filter has an open quote'],
    ['/users', '$filter=mail', '$filter compares no property'],
    ['/users/a1', '$expand=boss', '$expand names boss, which is unknown to microsoft.graph.user'],
    [
      '/users/a1',
      '$expand=manager($select=nmae)',
      '$select names nmae, which is unknown to microsoft.graph.directoryObject',
    ],
    ['/users/a1', '$expand=manager($pick=id)', '$expand holds an unknown option'],
  ])('%s?%s is refused', (path, query, problem) => {
    expect(problems(path, query)).toEqual([problem]);
  });
});

withDocument('request bodies', () => {
  const member = { '@odata.type': '#microsoft.graph.aadUserConversationMember', roles: [], 'user@odata.bind': 'u' };
  const send = (method: string, path: string, requestBody?: unknown) =>
    contract.validateRequest({ method, path: `/v1.0${path}`, status: 0, requestBody });

  test('bodies that the app sends are accepted', () => {
    expect(contract.validateRequest(invite)).toEqual([]);
    expect(send('POST', '/teams/t1/channels/c1/members', member)).toEqual([]);
    expect(
      send('POST', '/identityGovernance/entitlementManagement/assignmentRequests', {
        requestType: 'adminAdd',
        assignment: { targetId: 'a1', assignmentPolicyId: 'p1', accessPackageId: 'k1' },
      }),
    ).toEqual([]);
    expect(send('POST', '/directory/deletedItems/a1/restore')).toEqual([]);
  });

  test('a misspelled name is caught, at the top and inside', () => {
    expect(send('POST', '/invitations', { ...invitation, sendInvitationMesage: true })).toEqual([
      '/sendInvitationMesage is unknown to microsoft.graph.invitation',
    ]);
    expect(send('POST', '/invitations', { ...invitation, invitedUserMessageInfo: { ccRecipient: [] } })).toEqual([
      '/invitedUserMessageInfo/ccRecipient is unknown to microsoft.graph.invitedUserMessageInfo',
    ]);
    expect(send('POST', '/users/a1/assignLicense', { addLicences: [], removeLicenses: [] })).toEqual([
      '/addLicences is unknown to the schema',
    ]);
  });

  test('a wrong type is caught, at the top and inside', () => {
    expect(send('POST', '/invitations', { ...invitation, resetRedemption: 'yes' })).toEqual([
      '/resetRedemption must be boolean',
    ]);
    expect(send('PATCH', '/users/a1', { identities: [{ signInType: 7 }] })).toEqual([
      '/identities/0/signInType must be string',
    ]);
    expect(send('PATCH', '/users/a1', { passwordProfile: 'secret' })).toEqual(['/passwordProfile must be object']);
  });

  test('a misspelled annotation is caught', () => {
    expect(send('PUT', '/users/a1/manager/$ref', { '@odata.id': 'x', '@odata.ids': 'x' })).toEqual([
      '/@odata.ids is unknown to the schema',
    ]);
    expect(send('POST', '/teams/t1/channels/c1/members', { ...member, 'user@odata.bnid': 'u' })).toEqual([
      '/user@odata.bnid is unknown to microsoft.graph.aadUserConversationMember',
    ]);
  });

  test('an unknown or unfit @odata.type is caught', () => {
    const named = (type: string) =>
      send('POST', '/teams/t1/channels/c1/members', { '@odata.type': `#microsoft.graph.${type}` });
    expect(named('aadUserConversationMembr')).toEqual(['/@odata.type names a type that is not in the document']);
    expect(named('group')).toEqual(['/@odata.type names a type that is not a microsoft.graph.conversationMember']);
  });

  test('a body is there where it must be and nowhere else', () => {
    expect(send('POST', '/invitations')).toEqual(['the request has no body']);
    expect(send('DELETE', '/users/a1', { id: 'a1' })).toEqual(['the operation takes no body']);
  });
});

withDocument('answers', () => {
  test('conforming answers are accepted', () => {
    for (const entry of [readGuest, invite, list]) expect(contract.validateResponse(entry)).toEqual([]);
    expect(contract.validateResponse({ ...readGuest, status: 404, responseBody: notFound })).toEqual([]);
    expect(contract.validateResponse({ method: 'PATCH', path: '/v1.0/users/a1', status: 204 })).toEqual([]);
    expect(
      contract.validateResponse({ method: 'DELETE', path: '/v1.0/directory/deletedItems/a1', status: 204 }),
    ).toEqual([]);
  });

  test('a misspelled name or a wrong type is caught', () => {
    expect(contract.validateResponse({ ...readGuest, responseBody: { ...guest, displayname: 'G' } })).toEqual([
      '/displayname is unknown to microsoft.graph.user',
    ]);
    expect(contract.validateResponse({ ...readGuest, responseBody: { ...guest, accountEnabled: 'true' } })).toEqual([
      '/accountEnabled must be boolean',
    ]);
  });

  test('every item of a collection is checked as the type that it names', () => {
    const items = (...value: object[]) => contract.validateResponse({ ...list, responseBody: { value } });
    const group = { '@odata.type': '#microsoft.graph.group', id: 'g1' };
    expect(items(group, { ...group, securityEnabled: 'no' })).toEqual(['/value/1/securityEnabled must be boolean']);
    expect(items(group, { ...group, jobTitle: 'x' })).toEqual([
      '/value/1/jobTitle is unknown to microsoft.graph.group',
    ]);
    expect(items({ id: 7 })).toEqual(['/value/0/id must be string']);
    expect(contract.validateResponse({ ...list, responseBody: {} })).toEqual(['the collection has no value']);
  });

  test('a body is there where it must be and nowhere else', () => {
    expect(contract.validateResponse({ method: 'GET', path: '/v1.0/users/a1', status: 200 })).toEqual([
      'the answer has no body',
    ]);
    expect(contract.validateResponse({ method: 'POST', path: '/v1.0/invitations', status: 204 })).toEqual([
      'the answer has no body',
    ]);
    expect(contract.validateResponse({ ...readGuest, method: 'DELETE', status: 204 })).toEqual([
      'an answer 204 of this operation has no body',
    ]);
  });

  test('a status that is not declared is caught', () => {
    expect(contract.validateResponse({ ...readGuest, status: 302 })).toEqual(['status 302 is not declared']);
    expect(contract.validateResponse({ method: 'DELETE', path: '/v1.0/users/a1', status: 200 })).toEqual([
      'status 200 is not declared',
    ]);
  });

  test('an error is checked as an error', () => {
    expect(contract.validateResponse({ ...readGuest, status: 404 })).toEqual([
      " must have required property 'error'",
      '/id is unknown to microsoft.graph.ODataErrors.ODataError',
      '/displayName is unknown to microsoft.graph.ODataErrors.ODataError',
      '/externalUserState is unknown to microsoft.graph.ODataErrors.ODataError',
    ]);
    const misspelled = { error: { ...notFound.error, inerError: {} } };
    expect(contract.validateResponse({ ...readGuest, status: 404, responseBody: misspelled })).toEqual([
      '/error/inerError is unknown to microsoft.graph.ODataErrors.MainError',
    ]);
  });
});

withDocument('batches', () => {
  const requests = [
    { id: '1', method: 'GET', url: '/users/a1?$select=id' },
    { id: '2', method: 'POST', url: '/invitations', body: invitation },
  ];
  const responses = [
    { id: '2', status: 201, body: invite.responseBody },
    { id: '1', status: 404, body: notFound },
  ];
  const batch = (requestsSent: unknown[], answers: unknown[] = responses): ContractEntry => ({
    method: 'POST',
    path: '/v1.0/$batch',
    status: 200,
    requestBody: { requests: requestsSent },
    responseBody: { responses: answers },
  });

  test('a conforming batch is accepted', () => {
    expect(contract.validateRequest(batch(requests))).toEqual([]);
    expect(contract.validateResponse(batch(requests))).toEqual([]);
  });

  test.each([
    [{ id: '1', method: 'GET', url: '/sites/s1' }, 'request 1: no published path has this form'],
    [
      { id: '1', method: 'GET', url: '/v1.0/users/a1' },
      'request 1: the url names a version; it is relative to the version root',
    ],
    [
      { id: '1', method: 'GET', url: '/users/a1?$select=nmae' },
      'request 1: $select names nmae, which is unknown to microsoft.graph.user',
    ],
    [
      { id: '1', method: 'PATCH', url: '/users/a1', body: { nmae: 'x' } },
      'request 1: /nmae is unknown to microsoft.graph.user',
    ],
    [{ id: '1', url: '/users/a1' }, "/requests/0 must have required property 'method'"],
    [null, '/requests/0 must be object'],
  ])('the request %j is caught', (request, problem) => {
    expect(contract.validateRequest(batch([request]))).toContain(problem);
  });

  test('more than 20 requests are caught', () => {
    const many = Array.from({ length: 21 }, (_, index) => ({ id: `${index}`, method: 'GET', url: '/users/a1' }));
    expect(contract.validateRequest(batch(many))).toEqual(['/requests must NOT have more than 20 items']);
  });

  test('answers are checked against their own requests', () => {
    const [second, first] = responses;
    const problems = (...answers: unknown[]) => contract.validateResponse(batch(requests, answers));
    expect(problems(second)).toEqual(['request 1 has no answer']);
    expect(problems(second, first, first)).toEqual(['a request is answered twice']);
    expect(problems(second, first, { id: '3', status: 204 })).toEqual(['answer 3 belongs to no request']);
    expect(problems(second, { id: '1', status: 200, body: { ...guest, nmae: 'x' } })).toEqual([
      'answer 1: /nmae is unknown to microsoft.graph.user',
    ]);
    expect(problems(second, { id: '1', status: 200 })).toEqual(['answer 1: the answer has no body']);
  });
});

test('a literal wins over a parameter, from the left, whatever the order of the templates', () => {
  const finder = templateFinder(['/{a}/{b}', '/{a}/two', '/one/{b}', '/one/list()']);
  expect(finder.find('/one/list')).toBe('/one/list()');
  expect(finder.find('/one/two')).toBe('/one/{b}');
  expect(finder.find('/x/two')).toBe('/{a}/two');
  expect(finder.find('/x/y')).toBe('/{a}/{b}');
});

describe('without the document', () => {
  const missing = resolve(__dirname, 'no-such-file.json');
  const { CI } = process.env;

  afterEach(() => {
    if (CI === undefined) delete process.env['CI'];
    else process.env['CI'] = CI;
  });

  test('nothing conforms, and permissions are still known', () => {
    const absent = loadGraphContract(missing);
    const problem = ["Microsoft's OpenAPI subset is not here (set GRAPH_OPENAPI)"];
    expect(absent.available).toBe(false);
    expect(absent.validateRequest(invite)).toEqual(problem);
    expect(absent.validateResponse(invite)).toEqual(problem);
    expect(absent.validateType('microsoft.graph.user', guest)).toEqual(problem);
    expect(absent.operationOf('GET', '/v1.0/users/a1')).toBeUndefined();
    expect(absent.permissionsOf('POST', '/v1.0/invitations')?.[0]).toContain('User.Invite.All');
  });

  test('it is announced, and under CI refused', () => {
    const written: string[] = [];
    const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    try {
      delete process.env['CI'];
      expect(requireGraphContract(missing)).toBeUndefined();
    } finally {
      stderr.mockRestore();
    }
    expect(written.join('')).toContain("skipped: Microsoft's OpenAPI subset is not here (set GRAPH_OPENAPI)");

    process.env['CI'] = 'true';
    expect(() => requireGraphContract(missing)).toThrow('set GRAPH_OPENAPI');
  });
});
