import { enabledKinds } from '../access';
import type { Permission } from '../access/kind';
import type { GrantKind } from '../domain/grants';
import { mailPermissions, recreatePermissions } from './checks/appChecks';

/** What the permissions depend on: the settings of the tenant. */
export interface PermissionSettings {
  skipAccess: readonly GrantKind[];
  rewriteConditionalAccess: boolean;
  domainPolicyCheck: 'beta' | 'off';
  invitationMail: 'microsoft' | 'mailbox' | 'caller';
}

/** A permission with everything it is needed for, as `subject: why`. */
export interface RequiredPermission {
  name: string;
  reasons: string[];
}

/** A need of the app: the subject (a kind of grant, or the switch itself) and the permissions that meet it. */
export interface Need extends Permission {
  subject: GrantKind | 'every switch';
}

/** Only worth having: without it the switch works, less promptly or with a warning. */
const optionalPermissions: readonly Permission[] = [
  {
    anyOf: ['User.ReadWrite.All'],
    why: 'reset a redemption: after a wrong account, and for the strategy reset (without it: an operator is asked)',
  },
  { anyOf: ['User.Read.All'], why: 'be told of redemptions; Graph accepts nothing else for it (without it: polling)' },
  {
    anyOf: ['Policy.Read.B2BManagementPolicy'],
    why: 'read the domain allow and deny lists before the purge (without it: a warning)',
  },
  {
    anyOf: ['Member.Read.Hidden'],
    why: 'see memberships of groups that hide their members (without it: such groups may stay unseen)',
  },
  {
    anyOf: ['User.ReadWrite.All'],
    why: 'reset the redemption of a guest who accepted with a wrong account (without it: an operator is asked)',
  },
  {
    anyOf: ['CrossTenantInformation.ReadBasic.All'],
    why: 'see before the purge whether an Entra tenant has verified the domain of the address (without it: a warning)',
  },
];

/** Everything that the app needs to capture and restore the enabled kinds, whatever a guest holds. */
export function needsOf(settings: PermissionSettings): Need[] {
  const { skipAccess, rewriteConditionalAccess, domainPolicyCheck, invitationMail } = settings;
  const optional = optionalPermissions.filter(
    ({ anyOf }) => domainPolicyCheck === 'beta' || anyOf[0] !== 'Policy.Read.B2BManagementPolicy',
  );
  const mails = invitationMail === 'mailbox' ? mailPermissions : [];
  const always = [...recreatePermissions, ...mails, ...optional].map((need): Need => ({
    ...need,
    subject: 'every switch',
  }));
  const ofKinds = enabledKinds(skipAccess).flatMap(({ kind, capturePermissions, restorePermissions }): Need[] => {
    const writes = kind === 'conditionalAccess' && !rewriteConditionalAccess ? [] : restorePermissions;
    return [...capturePermissions, ...writes].map((need) => ({ ...need, subject: kind }));
  });
  return [...always, ...ofKinds];
}

/**
 * The least set of application permissions for the needs: the least privileged one of each, without those that
 * another permission of the set makes superfluous. Sorted by name.
 */
export function leastPermissions(needs: readonly Need[]): RequiredPermission[] {
  const chosen = new Set(needs.map(({ anyOf }) => anyOf[0] ?? ''));
  for (const name of [...chosen].sort()) {
    const others = [...chosen].filter((other) => other !== name);
    const spare = needs.every(({ anyOf }) => !anyOf.includes(name) || anyOf.some((other) => others.includes(other)));
    if (spare) chosen.delete(name);
  }
  return [...chosen].sort().map((name) => ({ name, reasons: reasonsFor(name, needs, chosen) }));
}

/** The needs that this permission meets: those that name it first, and those whose first choice is not in the set. */
function reasonsFor(name: string, needs: readonly Need[], chosen: ReadonlySet<string>): string[] {
  const met = needs.filter(({ anyOf }) => anyOf.find((one) => chosen.has(one)) === name);
  return [...new Set(met.map(({ subject, why }) => `${subject}: ${why}`))];
}
