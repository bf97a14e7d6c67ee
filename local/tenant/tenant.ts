import type { Faults } from './http/faults';
import type { RequestLog } from './http/requestLog';
import type { Clock } from './store/clock';
import type { SettingsBox } from './store/settingsBox';
import { text, type View } from './store/snapshot';
import type { Store } from './store/store';

/** Everything one simulated tenant consists of; handed to every service. */
export interface Tenant {
  readonly store: Store;
  readonly clock: Clock;
  readonly settings: SettingsBox;
  readonly faults: Faults;
  readonly log: RequestLog;
  /** `https://localhost:<port>`, known once the server listens. */
  readonly origin: () => string;
  /** How its notifications travel. */
  readonly send: typeof fetch;
}

/** Who calls: an application, as its verified token says. */
export interface Caller {
  /** Object id of the application's service principal in the tenant. */
  readonly objectId: string;
  readonly appId: string;
  /** Application permissions of the token. */
  readonly roles: ReadonlySet<string>;
}

/** The tenant's directory id. */
export function tenantId(view: View): string {
  return view.single('organization').id;
}

/** The state that the replica answering this request happens to have: up to `replicationMs` old, anew for each request. */
export function someReplica(tenant: Tenant): View {
  return tenant.store.replica(Math.random() * tenant.settings.get().replicationMs);
}

/** The tenant's `….onmicrosoft.com` domain. */
export function initialDomain(view: View): string {
  const domains = verifiedDomains(view);
  return domains.find(({ initial }) => initial)?.name ?? domains[0]?.name ?? 'tenant.onmicrosoft.com';
}

/** Domains that belong to the tenant, in lower case. */
export function verifiedDomains(
  view: View,
): { readonly name: string; readonly initial: boolean; readonly primary: boolean }[] {
  const domains = view.single('organization')['verifiedDomains'];
  if (!Array.isArray(domains)) return [];
  return (domains as { name: string; isInitial?: boolean; isDefault?: boolean }[]).map((domain) => ({
    name: domain.name.toLowerCase(),
    initial: domain.isInitial === true,
    primary: domain.isDefault === true,
  }));
}

/** The organization's display name. */
export function organizationName(view: View): string {
  return text(view.single('organization'), 'displayName') ?? 'The organization';
}
