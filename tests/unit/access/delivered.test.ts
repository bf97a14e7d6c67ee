import { accessPackage } from '../../../access/accessPackage';
import { appRole } from '../../../access/appRole';
import { isDirect, markDelivered } from '../../../access/delivered';
import { groupMembership } from '../../../access/groupMembership';
import { groupOwnership } from '../../../access/groupOwnership';
import { permissionsToRestore, type AccessKind } from '../../../access/kind';
import { captureAll } from '../../../activities/capture';
import { kindSchema, type Grant } from '../../../domain/grants';
import { accessPackages, appRoles, groups, guests, servicePrincipals } from '../../../local/tenant/seed/ids';
import { accessWorld, resultsOf, type AccessWorld, type Rows } from '../../support/accessWorld';
import { graphOf, outsideOf, refusal, silent, writesIn } from '../../support/recordedCalls';

const NEW = '0e000000-0000-4000-8000-000000000002';
const THROUGH = 'Through the access package "Lab".';
const membership: Grant = { kind: 'groupMembership', key: 'G-1', name: 'Readers', data: { roleAssignable: true } };
const role: Grant = { kind: 'appRole', key: 'app/role', name: 'Clerk', data: { resourceId: 'app', appRoleId: 'role' } };
const lab: Grant = {
  kind: 'accessPackage',
  key: 'package/policy',
  name: 'Lab',
  data: {
    accessPackageId: 'package',
    assignmentPolicyId: 'policy',
    value: null,
    delivers: [
      { kind: 'groupMembership', key: 'g-1' },
      { kind: 'appRole', key: 'app/role' },
    ],
  },
};

describe('what a package gives', () => {
  it('is marked with its name, whatever the case of ids; other grants stay as they are', () => {
    const other = { ...membership, key: 'g-2' };
    const ownership: Grant = { ...membership, kind: 'groupOwnership' };
    const marked = markDelivered([membership, other, ownership, role, lab]);
    expect(marked.map((grant) => grant.data['deliveredBy'])).toEqual(['Lab', undefined, undefined, 'Lab', undefined]);
    expect(marked[1]).toBe(other);
    expect(marked.filter((grant) => !isDirect(grant))).toHaveLength(2);
  });

  it('is not marked when the package is left to people, or the grant itself is', () => {
    expect(markDelivered([membership, { ...lab, instruction: 'by hand' }])[0]).toBe(membership);
    const dynamic = { ...membership, instruction: 'by rule' };
    expect(markDelivered([dynamic, lab])[0]).toBe(dynamic);
  });

  it('needs no permission to write', () => {
    for (const kind of [groupMembership, appRole]) {
      const marked = markDelivered([membership, role, lab]);
      expect(permissionsToRestore(kind, [membership, role]).length).toBeGreaterThan(1);
      expect(permissionsToRestore(kind, marked)).toEqual([]);
    }
  });
});

const held: [AccessKind, Grant, object][] = [
  [groupMembership, membership, { id: 'g-1' }],
  [groupOwnership, { ...membership, kind: 'groupOwnership' }, { '@odata.type': '#microsoft.graph.group', id: 'g-1' }],
  [appRole, role, { principalId: NEW, resourceId: 'app', appRoleId: 'role' }],
];

describe.each(held)('%# a grant that a package brings', (kind, grant, shown) => {
  const marked = { ...grant, data: { ...grant.data, deliveredBy: 'Lab' } };

  it('is restored when the package brought it', async () => {
    const graph = graphOf(() => [shown]);
    expect(await kind.restore([marked], NEW, outsideOf({ graph }))).toEqual([{ result: 'restored', detail: THROUGH }]);
    expect(writesIn(graph.calls)).toEqual([]);
  });

  it('is waited for while it is not there, and never written; a direct one beside it is', async () => {
    const graph = graphOf(({ method }) => (method === 'LIST' ? [] : undefined));
    const direct = { ...grant, key: kind === appRole ? 'app/other' : 'g-2' };
    const attempts = await kind.restore([marked, direct], NEW, outsideOf({ graph }));
    expect(attempts).toMatchObject([{ result: 'retry', afterSeconds: 0 }, { result: 'restored' }]);
    expect(attempts[0]?.detail).toContain('"Lab"');
    expect(writesIn(graph.calls)).toHaveLength(1);
  });

  it('is put off when the new guest cannot be read; nothing is read when all are direct', async () => {
    const unknown = graphOf(({ method }) => {
      if (method === 'LIST') throw refusal(404, 'Request_ResourceNotFound');
      return undefined;
    });
    const attempts = await kind.restore([marked, grant], NEW, outsideOf({ graph: unknown }));
    expect(resultsOf(attempts)).toEqual(['retry', 'restored']);
    const graph = graphOf((call) => (call.method === 'LIST' ? silent(call) : undefined));
    expect(resultsOf(await kind.restore([grant], NEW, outsideOf({ graph })))).toEqual(['restored']);
  });
});

describe('in a tenant', () => {
  let world: AccessWorld;
  beforeEach(async () => {
    world = await accessWorld();
  });
  afterEach(() => world.tenant.close());

  /** Everything but the groups, app roles and packages of Mara is left out. */
  const capture = async (...skip: Grant['kind'][]): Promise<Grant[]> => {
    const wanted: Grant['kind'][] = ['accessPackage', 'groupMembership', 'appRole'];
    const others = kindSchema.options.filter((kind) => !wanted.includes(kind));
    return (await captureAll(guests.mara, [...others, ...skip], world.outside)).grants;
  };
  const ofKind = (kind: AccessKind, grants: readonly Grant[]) => grants.filter((grant) => grant.kind === kind.kind);
  const isInGroup = async (): Promise<boolean> =>
    (await world.rows('groups')).find((one: Rows) => one.id === groups.fieldService).members.includes(world.newId);

  it('groups and app roles of a package come with it alone, everything else is written', async () => {
    const grants = await capture();
    const brought = grants.filter((grant) => !isDirect(grant)).map(({ kind, key }) => [kind, key]);
    expect(brought.sort()).toEqual([
      ['appRole', `${servicePrincipals.measurementArchive}/${appRoles.archiveReader}`],
      ['groupMembership', groups.fieldService],
    ]);
    const restorable = grants.filter(({ instruction }) => instruction === undefined);
    for (const kind of [groupMembership, appRole]) {
      const attempts = resultsOf(await world.restore(kind, ofKind(kind, restorable)));
      expect(attempts.filter((result) => result === 'retry')).toHaveLength(1);
      expect(new Set(attempts)).toEqual(new Set(['restored', 'retry']));
    }
    expect(await isInGroup()).toBe(false);

    expect(resultsOf(await world.restore(accessPackage, ofKind(accessPackage, grants)))).toEqual(['retry']);
    for (const kind of [groupMembership, appRole]) {
      const own = ofKind(kind, restorable);
      const attempts = await world.restore(kind, own);
      expect(new Set(resultsOf(attempts))).toEqual(new Set(['restored', 'alreadyPresent']));
      const through = own.filter((_grant, place) => attempts[place]?.detail.startsWith('Through the access package'));
      expect(through.every((grant) => !isDirect(grant))).toBe(true);
      expect(through).toHaveLength(1);
    }
    const paths = (await world.writes()).map(({ path }) => path);
    expect(paths.filter((path) => path.includes(groups.fieldService))).toEqual([]);
  });

  it('without the package they are written like others', async () => {
    const grants = await capture('accessPackage');
    expect(grants.every(isDirect)).toBe(true);
    const restorable = ofKind(groupMembership, grants).filter(({ instruction }) => instruction === undefined);
    expect(new Set(resultsOf(await world.restore(groupMembership, restorable)))).toEqual(new Set(['restored']));
    expect(await isInGroup()).toBe(true);
    expect(await world.rows('accessPackageAssignmentRequests')).toEqual([]);
    expect(JSON.stringify(grants)).not.toContain(accessPackages.calibrationPartners);
  });
});
