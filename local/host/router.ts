/** A function that answers HTTP requests of certain methods on a route. */
export interface Route<T> {
  /** Template without leading slash: literals, `{name}`, `{name?}` and a last `{*rest}`. */
  template: string;
  methods: string[];
  target: T;
}

export interface Match<T> {
  target: T;
  params: Record<string, string>;
}

type Segment =
  | { kind: 'literal'; text: string }
  | { kind: 'parameter'; name: string; optional: boolean }
  | { kind: 'rest'; name: string };

interface CompiledRoute<T> {
  segments: Segment[];
  methods: Set<string>;
  target: T;
}

const RANK = { literal: 0, parameter: 1, rest: 2 } as const;

/**
 * Matches requests as the Functions host does: literals before parameters before catch-alls, without case, and a route
 * whose methods do not fit is passed over, so that a less specific one may answer.
 */
export class Router<T> {
  readonly #routes: CompiledRoute<T>[];

  /** Throws for a template with syntax beyond the supported. */
  constructor(routes: Route<T>[]) {
    this.#routes = routes
      .map(({ template, methods, target }) => ({
        segments: compile(template),
        methods: new Set(methods.map((method) => method.toUpperCase())),
        target,
      }))
      .sort((a, b) => comparePrecedence(a.segments, b.segments));
  }

  /** Finds the function for a method and a path (without leading slash, still URL-encoded). */
  match(method: string, path: string): Match<T> | undefined {
    const parts = decodedParts(path);
    if (!parts) return undefined;
    for (const { segments, methods, target } of this.#routes) {
      if (!methods.has(method.toUpperCase())) continue;
      const params = paramsOf(segments, parts);
      if (params) return { target, params };
    }
    return undefined;
  }
}

function decodedParts(path: string): string[] | undefined {
  const trimmed = path.replace(/\/$/, '');
  if (trimmed === '') return [];
  try {
    return trimmed.split('/').map(decodeURIComponent);
  } catch {
    // A malformed escape names no resource.
    return undefined;
  }
}

function compile(template: string): Segment[] {
  const parts = template.replace(/^\/+|\/+$/g, '').split('/');
  return parts.filter(Boolean).map((part, index, all): Segment => {
    const last = index === all.length - 1;
    const braces = /^\{(\*?)(\w+)(\??)\}$/.exec(part);
    if (!braces && !/[{}]/.test(part)) return { kind: 'literal', text: part.toLowerCase() };
    const [, star, name = '', question] = braces ?? [];
    if (!braces || ((star || question) && !last))
      throw new Error(`The route "${template}" uses syntax that is not supported.`);
    return star ? { kind: 'rest', name } : { kind: 'parameter', name, optional: question === '?' };
  });
}

function comparePrecedence(a: Segment[], b: Segment[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const [left, right] = [a[i], b[i]];
    if (!left || !right) return left ? 1 : -1;
    if (left.kind !== right.kind) return RANK[left.kind] - RANK[right.kind];
  }
  return 0;
}

function paramsOf(segments: Segment[], parts: string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (segment.kind === 'rest') {
      if (part !== undefined) params[segment.name] = parts.slice(index).join('/');
      return params;
    }
    if (segment.kind === 'literal') {
      if (part?.toLowerCase() !== segment.text) return undefined;
    } else if (part !== undefined && part !== '') {
      params[segment.name] = part;
    } else if (!segment.optional) {
      return undefined;
    }
  }
  return parts.length > segments.length ? undefined : params;
}
