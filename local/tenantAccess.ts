/*
 * What the state document of the simulated tenant gives to a guest, whatever kinds of access there are. It knows the
 * document and nothing of the app: it is what the app's results are held against.
 */

/** What the tenant keeps about messages it sent; no access of anybody. */
export const notAccess = new Set(['invitations', 'mails', 'changeSubscriptions', 'externalOrganizations']);

/** When something was written, and what else differs from run to run without meaning anything. */
const volatile = new Set([
  'createdDateTime',
  'modifiedDateTime',
  'completedDateTime',
  'deletedDateTime',
  'startDateTime',
  'externalUserStateChangeDateTime',
  'visibleHistoryStartDateTime',
  'signInSessionsValidFromDateTime',
  'createdOn',
  'updatedOn',
  'requestedOn',
  'createdUsing',
  'targetScheduleId',
  'targetRoleEligibilityScheduleId',
  'targetRoleAssignmentScheduleId',
  'targetRoleEligibilityScheduleInstanceId',
  'targetRoleAssignmentScheduleInstanceId',
  'assignmentId',
  'deliveringAt',
  'deliveredAt',
  'expiredDateTime',
  'roleAssignmentScheduleRequestId',
  'roleEligibilityScheduleRequestId',
]);

export type Row = Record<string, unknown>;

/** A row as a text that compares: the guest is called `new`, without what differs from run to run. */
export function textOf(row: Row, newId: string | null): string {
  const text = JSON.stringify(canonical(row));
  if (newId === null || !text.includes(newId)) return text;
  const named = JSON.parse(text.replaceAll(newId, 'new')) as Row;
  // A row *about* the guest has an id of its own, made up anew in each run; the guest's own row has the guest's.
  const subject = named['target'] === undefined ? {} : { target: { objectId: (named['target'] as Row)['objectId'] } };
  const anonymous =
    named['id'] === 'new' ? named : { ...named, ...without(row, 'id'), ...without(row, 'name'), ...subject };
  return JSON.stringify(canonical(anonymous));
}

function without(row: Row, name: string): Row {
  return isRelation(row) ? { [name]: undefined } : {};
}

/** A row that gives something to one principal, in contrast to a group or a policy that many are in. */
export function isRelation(row: Row): boolean {
  const inner = row['properties'];
  return ['principalId', 'targetId', 'target', 'userId'].some(
    (name) => name in row || (typeof inner === 'object' && inner !== null && name in inner),
  );
}

/** The same value whatever the order of names and list entries, without volatile properties, times in whole seconds. */
function canonical(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/(\dT\d\d:\d\d:\d\d)\.\d{1,7}Z$/, '$1Z');
  if (Array.isArray(value))
    return value.map(canonical).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const named = Object.entries(value).filter(([name]) => !volatile.has(name));
  return Object.fromEntries(
    named.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, canonical(inner)]),
  );
}

/** Properties of a user that belong to the account and not to what it was given. */
const ofTheAccount = new Set([
  'id',
  'accountEnabled',
  'creationType',
  'externalUserState',
  'identities',
  'mail',
  'mailNickname',
  'otherMails',
  'proxyAddresses',
  'userPrincipalName',
  'userType',
  'sponsors',
  'manager',
  'authenticationMethods',
  'licenseAssignmentStates',
]);

/** Who gave it, and what services make up for their own book-keeping: differs between the old guest's and the new one's. */
const ofTheGiver = new Set([
  'createdBy',
  'updatedBy',
  'creatorAppId',
  'assignmentId',
  'linked',
  'principalDisplayName',
]);

/** Requests are how something was given; an activation of PIM ends by itself and is not to be given again. */
function isGiven(collection: string, row: Row): boolean {
  const { assignmentType } = { ...row, ...(row['properties'] as Row | undefined) };
  const ignored = (row['properties'] as Row | undefined)?.['enableRbacAuthorization'] === true;
  return !collection.endsWith('Requests') && !/^activated$/i.test(String(assignmentType)) && !ignored;
}

/** The row as far as the one who holds it can tell: spelled in lower case, because services differ in that. */
function asHeld(row: Row): Row {
  const { target } = row;
  const subject = target === undefined ? {} : { target: { objectId: (target as Row)['objectId'] } };
  const text = JSON.stringify({ ...row, ...subject }, (key, value: unknown) =>
    ofTheGiver.has(key) ? undefined : value,
  );
  return JSON.parse(text) as Row;
}

/**
 * Everything the tenant gives to one user, one text each, without the user's id: rows about the user, entries in
 * lists (`groups/<id>/members`), and properties of the user. What old and new guest have compares.
 */
export function accessIn(state: Readonly<Record<string, unknown>>, id: string): string[] {
  const found: string[] = [];
  for (const [collection, rows] of Object.entries(state)) {
    if (notAccess.has(collection)) continue;
    for (const row of ([rows].flat() as Row[]).filter((one) => isGiven(collection, one)).map(asHeld)) {
      if (row['id'] === id) found.push(...propertiesOf(row));
      else if (isRelation(row) && JSON.stringify(row).includes(id)) found.push(`${collection}: ${textOf(row, id)}`);
      else found.push(...placesOf(row, id).map((place) => `${collection}/${String(row['id'])}${place}`));
    }
  }
  return found.map((line) => line.toLowerCase()).sort();
}

function propertiesOf(user: Row): string[] {
  return Object.entries(user).flatMap(([name, value]) => {
    if (value === null || value === undefined || volatile.has(name) || ofTheAccount.has(name)) return [];
    if (Array.isArray(value) && value.length === 0) return [];
    return [`users/guest/${name}=${JSON.stringify(canonical(value))}`];
  });
}

/** Where in a row the id stands: alone in a list or property, or in an object, which is then told as well. */
function placesOf(value: unknown, id: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value as Row).flatMap(([name, inner]) => {
    const step = Array.isArray(value) ? '' : `/${name}`;
    if (inner === id) return [step];
    if (typeof inner !== 'object' || inner === null) return [];
    if (!Array.isArray(inner) && Object.values(inner).includes(id)) return [`${step}: ${textOf(inner as Row, id)}`];
    return placesOf(inner, id).map((place) => step + place);
  });
}
