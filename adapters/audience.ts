const graphOrigins = new Set([
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
  'https://microsoftgraph.chinacloudapi.cn',
]);
const armOrigins = new Set(['https://management.usgovcloudapi.net', 'https://management.chinacloudapi.cn']);

/** Scope of tokens for Graph: the national cloud's own, else the public one (a local endpoint stands in for it). */
export function graphScope(endpoint: string): string {
  return scope(endpoint, graphOrigins, 'https://graph.microsoft.com');
}

/** Scope of tokens for Azure Resource Manager, chosen like the one for Graph. */
export function armScope(endpoint: string): string {
  return scope(endpoint, armOrigins, 'https://management.azure.com');
}

function scope(endpoint: string, national: ReadonlySet<string>, publicOrigin: string): string {
  const { origin } = new URL(endpoint);
  return `${national.has(origin) ? origin : publicOrigin}/.default`;
}
