import type { HttpMethod } from '@azure/functions';

/** Prefix of all routes; host.json says the same. */
export const ROUTE_PREFIX = 'api';

/** Where the pages of guests are, below the prefix. */
export const GUIDE_PATH = 'guide';

interface Route {
  method: HttpMethod;
  /** Route template below the prefix. */
  route: string;
  /** `function`: a function key is asked for. `anonymous`: called by Graph, by guests and by probes, which have none. */
  authLevel: 'function' | 'anonymous';
}

/** Every address of the API by the name of its function: registration, 405 answers and OpenAPI all read this table. */
export const routes = {
  startMigration: { method: 'POST', route: 'migrations', authLevel: 'function' },
  listMigrations: { method: 'GET', route: 'migrations', authLevel: 'function' },
  getMigration: { method: 'GET', route: 'migrations/{id}', authLevel: 'function' },
  getResult: { method: 'GET', route: 'migrations/{id}/result', authLevel: 'function' },
  getReport: { method: 'GET', route: 'migrations/{id}/report', authLevel: 'function' },
  approveMigration: { method: 'POST', route: 'migrations/{id}/approve', authLevel: 'function' },
  rejectMigration: { method: 'POST', route: 'migrations/{id}/reject', authLevel: 'function' },
  resendInvitation: { method: 'POST', route: 'migrations/{id}/resend', authLevel: 'function' },
  resumeMigration: { method: 'POST', route: 'migrations/{id}/resume', authLevel: 'function' },
  cancelMigration: { method: 'POST', route: 'migrations/{id}/cancel', authLevel: 'function' },
  closeInviteBreaker: { method: 'POST', route: 'controls/invite-breaker/close', authLevel: 'function' },
  graphNotifications: { method: 'POST', route: 'graph/notifications', authLevel: 'anonymous' },
  graphLifecycle: { method: 'POST', route: 'graph/lifecycle', authLevel: 'anonymous' },
  showGuide: { method: 'GET', route: `${GUIDE_PATH}/{id}/{token}`, authLevel: 'anonymous' },
  openInvitation: { method: 'POST', route: `${GUIDE_PATH}/{id}/{token}/accept`, authLevel: 'anonymous' },
  health: { method: 'GET', route: 'health', authLevel: 'anonymous' },
  openApi: { method: 'GET', route: 'openapi.json', authLevel: 'function' },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;

/** True when a path below the prefix belongs to a route. Literals match without case, as the host does. */
export function matchesRoute(template: string, path: string): boolean {
  const wanted = segmentsOf(template);
  const found = segmentsOf(path);
  return (
    wanted.length === found.length &&
    wanted.every((part, index) => part.startsWith('{') || part.toLowerCase() === found[index]?.toLowerCase())
  );
}

/** Methods that exist at a path below the prefix; none when nothing is there. */
export function methodsAt(path: string): HttpMethod[] {
  return Object.values(routes)
    .filter(({ route }) => matchesRoute(route, path))
    .map(({ method }) => method);
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}
