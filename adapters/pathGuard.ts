const notAnId = new Set(['', '.', '..', 'undefined', 'null', 'nan', '[object object]']);
const quotedNotAnId = /'(undefined|null|NaN)'/i;

/**
 * Refuses a path in which an id is missing: `/users//memberOf`, `/users/undefined`, `appRoleAssignedTo('null')`. Such
 * a path addresses something else than was meant, and a write to it could hit a whole collection.
 *
 * @param path starts with "/"; may have a query
 * @throws Error (not ServiceError: the fault is ours and no retry mends it); it does not contain the path
 */
export function refuseMissingIds(path: string): void {
  const [route = '', ...queries] = path.split('?');
  const segments = route.split('/');
  if (segments.shift() !== '' || segments.length === 0 || queries.length > 1 || path.includes('#')) {
    throw new Error('A request path must start with "/" and have its values encoded');
  }
  if (
    segments.some((segment) => notAnId.has(decoded(segment).trim().toLowerCase())) ||
    quotedNotAnId.test(decoded(path))
  ) {
    throw new Error('A request path has an empty or missing id; nothing was sent');
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone "%" is for the service to refuse; it cannot hide a missing id.
    return text;
  }
}
