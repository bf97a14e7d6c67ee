import type { RequestLogEntry } from './localStack';

/** POSTs that change nothing: a batch, whose requests are logged one by one, and questions too long for an address. */
const readingPosts =
  /\/\$batch$|\/directoryObjects\/getAvailableExtensionProperties$|\/providers\/Microsoft\.ResourceGraph\/resources$/i;

/** True for a request that changes something, or would if it were let. */
export function isWrite({ method, path }: Pick<RequestLogEntry, 'method' | 'path'>): boolean {
  return method !== 'GET' && !(method === 'POST' && readingPosts.test(path));
}
