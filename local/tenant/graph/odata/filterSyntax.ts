import { GraphError } from '../errors';

/** A literal of a filter: text, number, boolean, date text or null. */
export type Literal = string | number | boolean | null;

export type Comparison = 'eq' | 'ne' | 'ge' | 'le' | 'gt' | 'lt' | 'in' | 'startswith' | 'endswith';

/** A parsed `$filter`. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly operand: Filter }
  | { readonly kind: 'compare'; readonly path: string; readonly op: Comparison; readonly values: readonly Literal[] }
  | { readonly kind: 'any'; readonly path: string; readonly variable: string; readonly operand: Filter | undefined };

const token = /\s*(?:'((?:[^']|'')*)'|([A-Za-z_@][\w./@-]*)|(-?\d[\w:.+-]*)|([(),:]))/y;

type Token =
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'word'; readonly value: string }
  | { readonly type: 'number'; readonly value: string }
  | { readonly type: 'mark'; readonly value: string };

const invalid = (): GraphError => new GraphError(400, 'BadRequest', 'Invalid filter clause.');

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (source.slice(token.lastIndex).trim() !== '') {
    const found = token.exec(source);
    if (found === null) throw invalid();
    const [, text, word, number, mark] = found;
    if (text !== undefined) tokens.push({ type: 'text', value: text.replaceAll("''", "'") });
    else if (word !== undefined) tokens.push({ type: 'word', value: word });
    else if (number !== undefined) tokens.push({ type: 'number', value: number });
    else tokens.push({ type: 'mark', value: mark ?? '' });
  }
  return tokens;
}

/** Parses the part of OData's filter language that the directory knows. Throws Graph's 400 for anything else. */
export function parseFilter(source: string): Filter {
  const parser = new Parser(tokenize(source));
  return parser.whole();
}

class Parser {
  private place = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): Filter {
    const filter = this.or();
    if (this.place !== this.tokens.length) throw invalid();
    return filter;
  }

  private or(): Filter {
    let left = this.and();
    while (this.takeWord('or')) left = { kind: 'or', left, right: this.and() };
    return left;
  }

  private and(): Filter {
    let left = this.unary();
    while (this.takeWord('and')) left = { kind: 'and', left, right: this.unary() };
    return left;
  }

  private unary(): Filter {
    if (this.takeWord('not')) return { kind: 'not', operand: this.unary() };
    if (this.takeMark('(')) {
      const inner = this.or();
      this.expectMark(')');
      return inner;
    }
    return this.term();
  }

  private term(): Filter {
    const path = this.expectWord();
    const func = path.toLowerCase();
    if (func === 'startswith' || func === 'endswith') return this.function(func);
    if (path.endsWith('/any')) return this.any(path.slice(0, -'/any'.length));
    const op = this.expectWord().toLowerCase();
    if (op === 'in') return { kind: 'compare', path, op, values: this.list() };
    if (!['eq', 'ne', 'ge', 'le', 'gt', 'lt'].includes(op)) throw invalid();
    return { kind: 'compare', path, op: op as Comparison, values: [this.literal()] };
  }

  private function(op: 'startswith' | 'endswith'): Filter {
    this.expectMark('(');
    const path = this.expectWord();
    this.expectMark(',');
    const value = this.literal();
    this.expectMark(')');
    return { kind: 'compare', path, op, values: [value] };
  }

  private any(path: string): Filter {
    this.expectMark('(');
    if (this.takeMark(')')) return { kind: 'any', path, variable: '', operand: undefined };
    const variable = this.expectWord();
    this.expectMark(':');
    const operand = this.or();
    this.expectMark(')');
    return { kind: 'any', path, variable, operand };
  }

  private list(): Literal[] {
    const values: Literal[] = [];
    this.expectMark('(');
    do values.push(this.literal());
    while (this.takeMark(','));
    this.expectMark(')');
    return values;
  }

  private literal(): Literal {
    const next = this.tokens[this.place++];
    if (next?.type === 'text') return next.value;
    if (next?.type === 'number') return /^-?\d+(\.\d+)?$/.test(next.value) ? Number(next.value) : next.value;
    if (next?.type === 'word' && next.value === 'null') return null;
    if (next?.type === 'word' && (next.value === 'true' || next.value === 'false')) return next.value === 'true';
    // Unquoted GUIDs that start with a letter arrive as a word.
    if (next?.type === 'word' && /^[0-9a-f-]{36}$/i.test(next.value)) return next.value;
    throw invalid();
  }

  private takeWord(word: string): boolean {
    const next = this.tokens[this.place];
    const found = next?.type === 'word' && next.value.toLowerCase() === word;
    if (found) this.place++;
    return found;
  }

  private takeMark(mark: string): boolean {
    const next = this.tokens[this.place];
    const found = next?.type === 'mark' && next.value === mark;
    if (found) this.place++;
    return found;
  }

  private expectWord(): string {
    const next = this.tokens[this.place++];
    if (next?.type !== 'word') throw invalid();
    return next.value;
  }

  private expectMark(mark: string): void {
    if (!this.takeMark(mark)) throw invalid();
  }
}
