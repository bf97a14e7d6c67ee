import type { Caller, Tenant } from '../tenant';
import { tenantId } from '../tenant';
import { GraphError } from './errors';
import type { Route } from './route';

/** Resource units of reads that cost more than one. All writes cost one unit and one write. */
const readCosts: readonly (readonly [RegExp, number])[] = [
  [/^\/users(\/delta\(\))?$/, 2],
  [/^\/users\/\{user-id\}$/, 2],
  [/^\/users\/\{user-id\}\/(memberOf|transitiveMemberOf|ownedObjects|licenseDetails)/, 2],
  [/^\/groups\/\{group-id\}\/(members|transitiveMembers)/, 3],
  [/oauth2PermissionGrants/, 2],
];

/** Registered authentication methods have a limit of their own: so many requests in ten seconds. */
const methods = { pattern: /\/authentication\//, per10s: 5 };

/** Services whose requests the directory's limits do not count. */
const elsewhere = /^\/(invitations|subscriptions|teams|identity)\b|\/joinedTeams$|\/sendMail$|\/authentication\//;

/** Exchange Online lets a mailbox send so many messages a minute; here all mailboxes share it. */
const mails = { pattern: /\/sendMail$/, perMinute: 30 };

/** One request a second for all applications of the tenant; the refusal names no time to wait. */
const conditionalAccess = /^\/identity\/conditionalAccess\//;

/** What one request costs, by Microsoft's published table. */
export function costOf(route: Route, query: URLSearchParams): { units: number; writes: number } {
  if (elsewhere.test(route.path)) return { units: 0, writes: 0 };
  const byIds = route.path === '/directoryObjects/getByIds';
  if (route.method !== 'GET' && !byIds) return { units: 1, writes: 1 };
  if (byIds) return { units: query.has('$select') ? 2 : 5, writes: 0 };
  const base = readCosts.find(([pattern]) => pattern.test(route.path))?.[1] ?? 1;
  const top = Number(query.get('$top') ?? NaN);
  const change = (query.has('$select') ? -1 : 0) + (query.has('$expand') ? 1 : 0) + (top < 20 ? -1 : 0);
  return { units: Math.max(1, base + change), writes: 0 };
}

interface Bucket {
  tokens: number;
  refilledAt: number;
}

/** Token buckets of one application in one tenant, by real time. Restarting the tenant fills them. */
export class Throttle {
  private readonly buckets = new Map<string, Bucket>();

  /** Takes the request's cost out of the buckets or throws Graph's 429 with Retry-After. */
  charge(route: Route, query: URLSearchParams, tenant: Tenant, caller: Caller): void {
    const limits = limitsOf(tenant);
    if (limits === undefined) {
      this.buckets.clear();
      return;
    }
    if (limits.conditionalAccess && conditionalAccess.test(route.path)) {
      if (this.waitFor('conditionalAccess', 1, 1, 1_000) > 0) {
        throw new GraphError(429, 'TooManyRequests', 'Too many requests. Please try again later.');
      }
      this.take('conditionalAccess', 1);
    }
    const { units, writes } = costOf(route, query);
    const ofMails = mails.pattern.test(route.path) ? 1 : 0;
    const ofMethods = methods.pattern.test(route.path) ? 1 : 0;
    const wait = Math.max(
      this.waitFor('methods', ofMethods, methods.per10s, 10_000),
      this.waitFor('mails', ofMails, mails.perMinute, 60_000),
      this.waitFor('units', units, limits.unitsPer10s, 10_000),
      this.waitFor('writes', writes, limits.writesPer150s, 150_000),
    );
    if (wait > 0) throw tooMany(tenant, caller, wait);
    this.take('mails', ofMails);
    this.take('methods', ofMethods);
    this.take('units', units);
    this.take('writes', writes);
  }

  /** Milliseconds until the bucket holds enough; 0 = now. */
  private waitFor(name: string, amount: number, capacity: number, windowMs: number): number {
    const now = performance.now();
    const bucket = this.buckets.get(name) ?? { tokens: capacity, refilledAt: now };
    const refill = ((now - bucket.refilledAt) * capacity) / windowMs;
    bucket.tokens = Math.min(capacity, bucket.tokens + refill);
    bucket.refilledAt = now;
    this.buckets.set(name, bucket);
    return amount <= bucket.tokens ? 0 : ((amount - bucket.tokens) * windowMs) / capacity;
  }

  private take(name: string, amount: number): void {
    const bucket = this.buckets.get(name);
    if (bucket !== undefined) bucket.tokens -= amount;
  }
}

interface Limits {
  readonly unitsPer10s: number;
  readonly writesPer150s: number;
  readonly conditionalAccess?: boolean;
}

function limitsOf(tenant: Tenant): Limits | undefined {
  const { throttling } = tenant.settings.get();
  if (throttling === 'off') return undefined;
  if (throttling !== 'microsoft') return throttling;
  const users = tenant.store.primary().list('users').length;
  return {
    unitsPer10s: users < 50 ? 3_500 : users <= 500 ? 5_000 : 8_000,
    writesPer150s: 3_000,
    conditionalAccess: true,
  };
}

function tooMany(tenant: Tenant, caller: Caller, waitMs: number): GraphError {
  const seconds = (Math.ceil(waitMs) / 1000).toFixed(3);
  const scope = `Tenant_Application/ReadWrite/${caller.appId}/${tenantId(tenant.store.primary())}`;
  return new GraphError(429, 'TooManyRequests', 'Too many requests. Please try again later.', {
    headers: {
      'retry-after': seconds,
      'x-ms-throttle-scope': scope,
      'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
      'x-ms-throttle-limit-percentage': '1.0',
    },
  });
}
