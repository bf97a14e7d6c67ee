import type { Log } from '../domain/ports';
import { ServiceError } from '../domain/serviceError';

type Level = 'info' | 'warn';

/**
 * A log that writes one line of JSON an event: `{"level","event",...fields}`. Callers pass ids, counts and codes only;
 * `redact` is the last defence for what slips through.
 *
 * @param sink takes a finished line, and its level for sinks that have levels of their own
 */
export function createLog(sink: (line: string, level: Level) => void): Log {
  const write =
    (level: Level): Log['info'] =>
    (event, fields = {}) => {
      const safe = Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? redact(value) : value,
      ]);
      sink(JSON.stringify({ level, event: redact(event), ...Object.fromEntries(safe) }), level);
    };
  return { info: write('info'), warn: write('warn') };
}

const masks: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, '[token]'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '[token]'],
  [/\b(AccountKey|SharedAccessSignature|sig|code|clientState)=[^;&\s"]+/gi, '$1=[secret]'],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s"'?#]*)[?#][^\s"']*/gi, '$1?[query]'],
  // A guest's user principal name is the mail address with "_" for "@", then "#EXT#@": both end in an "@".
  [/[^\s"'<>()[\]{},;:=/\\]+(@|%40)[^\s"'<>()[\]{},;:=/\\]+/gi, '[address]'],
];

/** Masks mail addresses and user principal names, tokens, keys, and what follows "?" in addresses of the web. */
export function redact(text: string): string {
  return masks.reduce((masked, [pattern, mask]) => masked.replaceAll(pattern, mask), text);
}

/** What of an error may be logged: words and numbers that services and this app define, never their messages. */
export function sanitizeError(error: unknown): { code: string; service?: string; status?: number } {
  if (error instanceof ServiceError) {
    return { code: word(error.code), service: error.service, status: error.status };
  }
  if (!(error instanceof Error)) return { code: 'unknown' };
  const { code } = error as { code?: unknown };
  return { code: word(typeof code === 'string' ? code : error.name) };
}

function word(code: string): string {
  return /^[\w.-]{1,100}$/.test(code) ? code : 'unknown';
}
