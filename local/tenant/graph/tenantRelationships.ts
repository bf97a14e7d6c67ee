import { ok, type Reply } from '../http/message';
import { text, texts, type View } from '../store/snapshot';
import { organizationName, tenantId, verifiedDomains } from '../tenant';
import { GraphError } from './errors';
import { param, type Call, type Route } from './route';

interface TenantInformation {
  readonly tenantId: string;
  readonly defaultDomainName: string;
  readonly displayName: string;
  readonly federationBrandName: string | null;
}

/** The Entra tenant that has verified the domain: this one, or one of `externalOrganizations`. */
function ownerOf(view: View, domain: string): TenantInformation | undefined {
  const own = verifiedDomains(view);
  if (own.some(({ name }) => name === domain)) {
    return {
      tenantId: tenantId(view),
      defaultDomainName: own.find(({ primary }) => primary)?.name ?? domain,
      displayName: organizationName(view),
      federationBrandName: null,
    };
  }
  const other = view
    .list('externalOrganizations')
    .find((one) => texts(one, 'domains').some((name) => name.toLowerCase() === domain));
  if (other === undefined) return undefined;
  return {
    tenantId: other.id,
    defaultDomainName: text(other, 'defaultDomainName') ?? texts(other, 'domains')[0] ?? domain,
    displayName: text(other, 'displayName') ?? domain,
    federationBrandName: text(other, 'federationBrandName') ?? null,
  };
}

function findByDomainName(call: Call): Reply {
  const domain = param(call, 'domainName').toLowerCase();
  if (!/^[^\s@/]+\.[^\s@/]+$/.test(domain)) {
    throw new GraphError(400, 'BadRequest', `Invalid domain name '${domain}'.`);
  }
  // Other tenants' data: this tenant's replicas have nothing to do with it.
  const found = ownerOf(call.tenant.store.primary(), domain);
  if (found === undefined) {
    throw new GraphError(
      404,
      'Request_ResourceNotFound',
      `Tenant information for the domain '${domain}' was not found.`,
    );
  }
  return ok({
    '@odata.context': `${call.tenant.origin()}/v1.0/$metadata#microsoft.graph.tenantInformation`,
    ...found,
  });
}

/** What Entra tells every tenant about others. */
export const tenantRelationshipRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: "/tenantRelationships/findTenantInformationByDomainName(domainName='{domainName}')",
    // Source: the page tenantrelationship-findtenantinformationbydomainname.
    allOf: [['CrossTenantInformation.ReadBasic.All']],
    handle: findByDomainName,
  },
];
