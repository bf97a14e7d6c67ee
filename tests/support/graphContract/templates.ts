/** Finds the template that a path is an instance of. Templates are spelled as in Microsoft's document. */
export interface TemplateFinder {
  /** `path` without the version, such as `/users/1`. */
  find(path: string): string | undefined;
}

/**
 * Literal segments (casts such as `microsoft.graph.group`, `$ref`, `$batch`, functions such as `delta()`) win over
 * parameters, from left to right. Literals are compared in their published spelling; a function may be called without
 * its brackets, as everybody does.
 */
export function templateFinder(templates: Iterable<string>): TemplateFinder {
  const candidates = [...templates].map((template) => ({ template, segments: template.slice(1).split('/') }));
  return {
    find(path) {
      const actual = decodedSegments(path);
      if (actual === undefined) return undefined;
      const matching = candidates.filter(({ segments }) => matches(segments, actual));
      return matching.sort((a, b) => rank(a.segments).localeCompare(rank(b.segments), 'en'))[0]?.template;
    },
  };
}

/** `/v1.0/users` → `/users`; undefined when the path names another version or none. The version ignores case. */
export function withoutVersion(path: string): string | undefined {
  return /^\/v1\.0(\/.*)$/i.exec(path)?.[1];
}

function decodedSegments(path: string): string[] | undefined {
  if (!path.startsWith('/')) return undefined;
  try {
    return path
      .slice(1)
      .split('/')
      .map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}

function matches(template: readonly string[], actual: readonly string[]): boolean {
  return (
    template.length === actual.length &&
    template.every((expected, index) => {
      const segment = actual[index] ?? '';
      return isParameter(expected) ? isKey(segment) : segment === expected || `${segment}()` === expected;
    })
  );
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{');
}

/** A key is a value: an empty segment, `$ref` or a cast in its place means that the path is another one. */
function isKey(segment: string): boolean {
  return segment !== '' && !segment.startsWith('$') && !segment.startsWith('microsoft.graph.');
}

function rank(template: readonly string[]): string {
  return template.map((segment) => (isParameter(segment) ? '1' : '0')).join('');
}
