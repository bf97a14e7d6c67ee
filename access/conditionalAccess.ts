import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Grant } from '../domain/grants';
import { objectId } from '../domain/ids';
import type { Graph } from '../domain/ports';
import { isNotFound, ServiceError } from '../domain/serviceError';
import { alreadyPresent, attemptOfError, restored, type AccessKind, type Attempt } from './kind';

const listNames = ['include', 'exclude'] as const;
type ListName = (typeof listNames)[number];
const property = { include: 'includeUsers', exclude: 'excludeUsers' } as const;

/** The users condition with everything in it: it is written back as a whole. */
const usersShape = z.looseObject({
  includeUsers: z.array(z.string()).nullish(),
  excludeUsers: z.array(z.string()).nullish(),
});
type Users = z.infer<typeof usersShape>;
const policyShape = z.object({
  id: z.string(),
  displayName: z.string().nullish(),
  conditions: z.object({ users: usersShape.nullish() }).nullish(),
});

/** What a grant remembers of its policy, read back strictly before it is written anywhere. */
const policyData = z.strictObject({ policyId: z.string().min(1), list: z.enum(listNames), oldId: objectId });
type PolicyData = z.infer<typeof policyData>;

const select = '$select=id,displayName,conditions';

/**
 * Conditional Access policies that name the guest. Purging the guest leaves the old object id in them, so an exclusion
 * is lost (which may lock the guest out) and so is an inclusion (which lets the guest by). By default people are told
 * to replace it; where the tenant allows the rewrite, the old id is replaced here.
 * Sources: conditionalaccesspolicy-update; throttling-limits (one request a second for the tenant, no Retry-After).
 */
export const conditionalAccess: AccessKind = {
  kind: 'conditionalAccess',
  title: 'Conditional Access policies',
  calls: {
    capture: ['GET /identity/conditionalAccess/policies'],
    restore: [
      'GET /identity/conditionalAccess/policies/{conditionalAccessPolicy-id}',
      'PATCH /identity/conditionalAccess/policies/{conditionalAccessPolicy-id}',
    ],
  },
  limits:
    'Policies are only reported unless CONDITIONAL_ACCESS_REWRITE is on. Microsoft has no conditional write for them: ' +
    'a change that somebody makes to the users of a policy at the moment of the rewrite can be lost.',
  capturePermissions: [{ anyOf: ['Policy.Read.All'], why: 'read the Conditional Access policies that name a guest' }],
  restorePermissions: [
    { anyOf: ['Policy.ReadWrite.ConditionalAccess'], why: 'put the new guest into Conditional Access policies' },
    { anyOf: ['Policy.Read.All'], why: 'read Conditional Access policies before they are changed' },
    { anyOf: ['Application.Read.All'], why: 'change Conditional Access policies, for which Graph asks it too' },
  ],
  async capture(guestId, { graph, rewriteConditionalAccess }) {
    const policies = await graph.readAll(`/identity/conditionalAccess/policies?${select}`, policyShape);
    return policies.flatMap((policy) =>
      listNames
        .filter((list) => namesIn(policy.conditions?.users, list).includes(guestId))
        .map((list): Grant => {
          const name = policy.displayName ?? policy.id;
          const data = { policyId: policy.id, list, oldId: guestId };
          return {
            kind: 'conditionalAccess',
            key: `${policy.id}/${list}`,
            name,
            ...(rewriteConditionalAccess ? {} : { instruction: instructionOf({ name, data }) }),
            data,
          };
        }),
    );
  },
  async restore(grants, newId, { graph, rewriteConditionalAccess }) {
    const wanted = grants.map((grant): Wanted => ({ name: grant.name, data: policyData.parse(grant.data) }));
    // The rewrite was switched off after the capture.
    if (!rewriteConditionalAccess) return wanted.map((one) => byHand(instructionOf(one)));
    const attempts = new Map<Wanted, Attempt>();
    for (const [policyId, ofPolicy] of Map.groupBy(wanted, ({ data }) => data.policyId)) {
      const attemptOf = await rewrite(policyId, ofPolicy, newId, graph).catch(refused);
      for (const one of ofPolicy) attempts.set(one, attemptOf(one));
    }
    return wanted.flatMap((one) => attempts.get(one) ?? []);
  },
};

/** The id of the policy that a grant of this kind belongs to. */
export function policyIdOf(grant: Grant): string {
  return policyData.parse(grant.data).policyId;
}

interface Wanted {
  name: string;
  data: PolicyData;
}

/** What became of a list of the policy that was dealt with. */
type AttemptOf = (wanted: Wanted) => Attempt;

/**
 * Replaces the old guest by the new one in a policy: read now, one PATCH of the users condition with whole lists,
 * everything in it but the guest as it was read. The old id is replaced in both lists, because the PATCH carries both
 * and may rest on a reading from before the last one: it must not bring the old id back.
 */
async function rewrite(policyId: string, wanted: readonly Wanted[], newId: string, graph: Graph): Promise<AttemptOf> {
  const path = `/identity/conditionalAccess/policies/${policyId}`;
  const policy = await graph.read(`${path}?${select}`, policyShape).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (policy === undefined) return () => byHand('The policy does not exist any more: nothing is left to restore.');
  const users = policy.conditions?.users ?? {};
  const oldIds = new Set(wanted.map(({ data }) => data.oldId));
  const outdated = (list: ListName): boolean => namesIn(users, list).some((id) => oldIds.has(id));
  if (listNames.some(outdated)) {
    await patch(path, { conditions: { users: replaced(users, oldIds, newId) } }, graph);
  }
  return ({ data: { list } }) => {
    if (namesIn(users, list).includes(newId)) return alreadyPresent;
    return outdated(list) ? restored : byHand(changedMeanwhile(list));
  };
}

function replaced(users: Users, oldIds: ReadonlySet<string>, newId: string): Users {
  const lists = listNames.map((list) => {
    const before = users[property[list]] ?? [];
    const after = before.map((id) => (oldIds.has(id.toLowerCase()) ? newId : id));
    // The new id may be there already; Graph takes no value twice.
    return [property[list], after.filter((id, place) => after.indexOf(id) === place)] as const;
  });
  return { ...users, ...Object.fromEntries(lists) };
}

const MOST_WRITES = 3;
const PAUSE_MS = 1_200;

/**
 * Writes, and writes again when throttled: a 429 says that nothing was done. The limit of one request a second is used
 * up by the read right before, so a pause outside of this process would meet it again each time.
 */
async function patch(path: string, body: unknown, graph: Graph): Promise<void> {
  for (let writes = 1; ; writes += 1) {
    try {
      await graph.write('PATCH', path, body);
      return;
    } catch (error) {
      const again = error instanceof ServiceError && error.status === 429 && error.retryAfterSeconds === undefined;
      if (!again || writes === MOST_WRITES) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

/**
 * A 400 is tried again too: the one value that the PATCH adds is the id of a guest who was made a moment ago, and
 * Microsoft does not document in which words an unknown one is refused.
 */
function refused(error: unknown): AttemptOf {
  if (!(error instanceof ServiceError)) throw error;
  const attempt = attemptOfError(error);
  return (one) => {
    if (attempt.result === 'failed' && error.status !== 400) {
      return { ...attempt, detail: `${attempt.detail} ${instructionOf(one)}` };
    }
    const afterSeconds = attempt.result === 'retry' ? attempt.afterSeconds : 0;
    return { result: 'retry', detail: `${instructionOf(one)} (${error.message})`, afterSeconds };
  };
}

function byHand(detail: string): Attempt {
  return { result: 'manual', detail };
}

function namesIn(users: Users | null | undefined, list: ListName): string[] {
  return (users?.[property[list]] ?? []).map((id) => id.toLowerCase());
}

function instructionOf({ name, data: { list, oldId } }: Wanted): string {
  const [place, warning] = placeAndWarning[list];
  return (
    `In the Conditional Access policy "${name}", under Users, ${place}, replace the old guest ` +
    `(object id ${oldId}) by the new one. Until then ${warning}.`
  );
}

const placeAndWarning = {
  include: ['Include', 'the policy does not apply to the guest, who gets by without what it demands'],
  exclude: ['Exclude', 'the exclusion is lost: the policy applies to the guest, who may be locked out'],
} as const;

function changedMeanwhile(list: ListName): string {
  return (
    `The policy does not name the old guest under ${placeAndWarning[list][0]} any more: somebody changed it. ` +
    'It was left as it is; check whether the new guest belongs there.'
  );
}
