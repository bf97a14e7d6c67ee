/**
 * What becomes of an attribute when a guest is replaced by another account of the same person: `restored` by this app,
 * `same` for every guest, `differs` from one account to the next, or `unknown`.
 */
export type AttributeFate = 'restored' | 'same' | 'differs' | 'unknown';

/** One attribute that a rule reads. `by` names what is restored, for people; only where the fate is `restored`. */
export interface ReadAttribute {
  attribute: string;
  fate: AttributeFate;
  by?: string;
}

/** Whether a dynamic group takes the guest in again. `reads` names each attribute once, in the order of the rule. */
export interface RuleVerdict {
  verdict: 'byItself' | 'probablyNot' | 'cannotTell';
  reads: ReadAttribute[];
  /** A sentence for an administrator. */
  sentence: string;
}

const words = (list: string): string[] => list.trim().toLowerCase().split(/\s+/);

/** By the names that rules use; some differ from Graph's. Source: the page on rules for dynamic membership groups. */
const profileAttributes = new Set(
  words(`ageGroup businessPhones city companyName country department displayName employeeHireDate employeeId employeeType
    facsimileTelephoneNumber faxNumber givenName jobTitle mobile mobilePhone officeLocation physicalDeliveryOfficeName
    postalCode preferredLanguage state streetAddress surname telephoneNumber usageLocation`),
);
const sameForGuests = new Set(words('accountEnabled creationType dirSyncEnabled userType'));
const ofTheAccount = new Set(
  words(`createdDateTime id identities immutableId mail mailNickname objectId onPremisesDistinguishedName
    onPremisesSecurityIdentifier otherMails proxyAddresses sipProxyAddress userPrincipalName`),
);
/** Every guest has these, so that a rule which only asks whether they are there keeps its answer. */
const alwaysThere = new Set(words('mail mailNickname objectId otherMails proxyAddresses userPrincipalName'));
/** Only synchronized accounts have these; a guest that satisfies a rule without them goes on doing so. */
const neverThere = new Set(words('immutableId onPremisesDistinguishedName onPremisesSecurityIdentifier'));

const negations = new Set(words('ne notContains notEndsWith notIn notMatch notStartsWith'));

/** Text literals, also with quotes escaped by a backtick; what they contain is no part of the rule's structure. */
const literal = /`"[^`]*`?"?|"(?:`"|[^"])*"?|'[^']*'?/g;
const comparison = /\buser\.(\w+)(?:\s*[-\u2013]?\s*(\w+)(?:\s+(\$?null)\b)?)?/gi;
const directReportsOf = /^\s*\(?\s*direct\s+reports\s+for\b/i;

/**
 * Judges whether a guest who satisfies the rule of a dynamic group now will satisfy it as a new account. It looks at
 * the attributes that the rule reads, not at their values, so it says "probably". Any text is answered.
 */
export function judgeRule(rule: string): RuleVerdict {
  const structure = rule.replace(literal, ' "" ');
  const reads = readsOf(structure);
  const differing = reads.filter(({ fate }) => fate === 'differs');
  const open = reads.filter(({ fate }) => fate === 'unknown');
  if (reads.length === 0) return { verdict: 'cannotTell', reads, sentence: CANNOT_TELL };
  const alternatives = /(^|[\s()"])[-\u2013]?or\b/i.test(structure);
  if (differing.length > 0 && (differing.length === reads.length || !alternatives)) {
    return {
      verdict: 'probablyNot',
      reads,
      sentence:
        `It will probably not take the guest in again, because it reads ${namesOf(differing)}, which the new account ` +
        'does not share: change the rule, or give the access through another group.',
    };
  }
  if (differing.length + open.length > 0) {
    const sentence = `${CANNOT_TELL} It reads ${namesOf([...differing, ...open])}: look at the rule.`;
    return { verdict: 'cannotTell', reads, sentence };
  }
  return { verdict: 'byItself', reads, sentence: byItself(reads) };
}

const CANNOT_TELL = 'Whether it takes the guest in again cannot be told.';

function readsOf(structure: string): ReadAttribute[] {
  const found = new Map<string, ReadAttribute>();
  if (directReportsOf.test(structure)) found.set('manager', { attribute: 'manager', fate: 'restored', by: 'manager' });
  for (const [, attribute = '', operator = '', nothing] of structure.matchAll(comparison)) {
    const read = fateOf(attribute, operator.toLowerCase(), nothing !== undefined);
    const before = found.get(attribute.toLowerCase());
    if (before === undefined || rank(read) > rank(before)) found.set(attribute.toLowerCase(), read);
  }
  return [...found.values()];
}

/** Read twice, an attribute counts by what is worse. */
function rank({ fate }: ReadAttribute): number {
  return ['same', 'restored', 'unknown', 'differs'].indexOf(fate);
}

function fateOf(attribute: string, operator: string, comparedWithNothing: boolean): ReadAttribute {
  const name = attribute.toLowerCase();
  if (profileAttributes.has(name) || /^extensionattribute([1-9]|1[0-5])$/.test(name)) {
    return { attribute, fate: 'restored', by: 'profile attributes' };
  }
  if (name.startsWith('extension_')) return { attribute, fate: 'restored', by: 'directory extensions' };
  if (name === 'memberof') return { attribute, fate: 'restored', by: 'group memberships' };
  if (name === 'assignedplans') return { attribute, fate: 'restored', by: 'licences' };
  if (sameForGuests.has(name)) return { attribute, fate: 'same' };
  if (!ofTheAccount.has(name)) return { attribute, fate: 'unknown' };
  if (comparedWithNothing) {
    const stays = operator === 'ne' ? alwaysThere.has(name) : operator === 'eq' && neverThere.has(name);
    return { attribute, fate: stays ? 'same' : 'unknown' };
  }
  // "Is not that one" may hold for the new account too.
  return { attribute, fate: negations.has(operator) ? 'unknown' : 'differs' };
}

function byItself(reads: readonly ReadAttribute[]): string {
  const needed = [...new Set(reads.flatMap(({ by }) => by ?? []))];
  const condition =
    needed.length === 0 ? '' : ` if the guest's ${listed(needed)} ${isOne(needed) ? 'is' : 'are'} restored`;
  return `It will take the guest in again by itself${condition}.`;
}

const isOne = (needed: readonly string[]): boolean => needed.length === 1 && needed[0] === 'manager';

function namesOf(reads: readonly ReadAttribute[]): string {
  return listed(reads.map(({ attribute }) => attribute));
}

function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}
