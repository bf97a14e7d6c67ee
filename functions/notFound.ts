import { type Handler } from './http';
import { Problem } from './problems';
import { methodsAt, ROUTE_PREFIX } from './routes';

/** Answers what no other route takes: a known address with another method, or no address at all. */
export const notFound: Handler = (request) => {
  const path = new URL(request.url).pathname.slice(`/${ROUTE_PREFIX}`.length);
  const methods = methodsAt(path);
  if (methods.length === 0) throw new Problem('route-not-found', 'See /api/openapi.json for the addresses there are.');
  const allowed = methods.join(', ');
  throw new Problem('method-not-allowed', `Allowed here: ${allowed}.`, { headers: { Allow: allowed } });
};
