import { ArmError } from './errors';

/** The part of the Kusto query language that is understood here; Resource Graph's own is larger. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'column'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly argument: Expression };

export type Condition =
  | { readonly kind: 'all'; readonly parts: readonly Condition[] }
  | { readonly kind: 'any'; readonly parts: readonly Condition[] }
  | {
      readonly kind: 'compare';
      readonly left: Expression;
      readonly operator: Operator;
      readonly right: readonly Expression[];
    };

/** `name = expression`, or a column under its own name. */
export interface Named {
  readonly name: string;
  readonly expression: Expression;
}

export type Step =
  | { readonly kind: 'where'; readonly condition: Condition }
  | { readonly kind: 'extend' | 'project'; readonly columns: readonly Named[] }
  | { readonly kind: 'order'; readonly by: Expression; readonly descending: boolean }
  | { readonly kind: 'take'; readonly rows: number };

export interface Query {
  /** In lower case. */
  readonly table: string;
  readonly steps: readonly Step[];
}

const functions = ['tostring', 'tolower', 'toupper'] as const;
export type FunctionName = (typeof functions)[number];

const operators = ['==', '!=', '=~', '!~', 'in', 'in~', 'contains', 'startswith'] as const;
export type Operator = (typeof operators)[number];

/** 400 for a query that cannot be read: the reason stands in the details only, as Resource Graph does it. */
export function invalidQuery(code: string, message: string): ArmError {
  const stamp = new Date().toISOString();
  return new ArmError(400, 'BadRequest', `Please provide below info when asking for support: timestamp = ${stamp}.`, [
    {
      code: 'InvalidQuery',
      message:
        'Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying.',
    },
    { code, message },
  ]);
}

const parserFailure = (): ArmError => invalidQuery('ParserFailure', 'ParserFailure');

const token = /\s*(?:('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(\d+)|(==|!=|=~|!~|in~|[|=(),.[\]])|([A-Za-z_]\w*))/y;

interface Token {
  readonly kind: 'text' | 'number' | 'sign' | 'word';
  readonly value: string;
}

function tokens(source: string): Token[] {
  const found: Token[] = [];
  token.lastIndex = 0;
  while (source.slice(token.lastIndex).trim() !== '') {
    const match = token.exec(source);
    if (match === null) throw parserFailure();
    const [, text, number, sign, word] = match;
    if (text !== undefined) found.push({ kind: 'text', value: text.slice(1, -1).replaceAll(/\\(.)/g, '$1') });
    else if (number !== undefined) found.push({ kind: 'number', value: number });
    else if (sign !== undefined) found.push({ kind: 'sign', value: sign });
    else found.push({ kind: 'word', value: word ?? '' });
  }
  return found;
}

/** Reads a query: a table, then `where`, `extend`, `project`, `order by`, `sort by`, `take` and `limit`. Throws 400. */
export function parseQuery(source: string): Query {
  const reader = new Reader(tokens(source));
  const table = reader.word().toLowerCase();
  const steps: Step[] = [];
  while (!reader.atEnd()) {
    reader.sign('|');
    steps.push(stepOf(reader));
  }
  return { table, steps };
}

function stepOf(reader: Reader): Step {
  const operator = reader.word().toLowerCase();
  switch (operator) {
    case 'where':
      return { kind: 'where', condition: anyOf(reader) };
    case 'extend':
    case 'project':
      return { kind: operator, columns: list(reader, () => named(reader, operator === 'project')) };
    case 'order':
    case 'sort': {
      reader.keyword('by');
      const by = expression(reader);
      // Without a word it is descending, in Kusto.
      if (reader.takeWord('asc')) return { kind: 'order', by, descending: false };
      reader.takeWord('desc');
      return { kind: 'order', by, descending: true };
    }
    case 'take':
    case 'limit':
      return { kind: 'take', rows: reader.number() };
    default:
      throw parserFailure();
  }
}

function list<T>(reader: Reader, item: () => T): T[] {
  const items = [item()];
  while (reader.takeSign(',')) items.push(item());
  return items;
}

function named(reader: Reader, bareAllowed: boolean): Named {
  const first = expression(reader);
  const name = first.kind === 'column' && first.path.length === 1 ? first.path[0] : undefined;
  if (name !== undefined && reader.takeSign('=')) return { name, expression: expression(reader) };
  if (!bareAllowed || first.kind !== 'column') throw parserFailure();
  return { name: first.path.join('_'), expression: first };
}

function anyOf(reader: Reader): Condition {
  const parts = [allOf(reader)];
  while (reader.takeWord('or')) parts.push(allOf(reader));
  return { kind: 'any', parts };
}

function allOf(reader: Reader): Condition {
  const parts = [comparison(reader)];
  while (reader.takeWord('and')) parts.push(comparison(reader));
  return { kind: 'all', parts };
}

function comparison(reader: Reader): Condition {
  if (reader.takeSign('(')) {
    const inner = anyOf(reader);
    reader.sign(')');
    return inner;
  }
  const left = expression(reader);
  const operator = reader.operator();
  if (operator !== 'in' && operator !== 'in~') return { kind: 'compare', left, operator, right: [expression(reader)] };
  reader.sign('(');
  const right = list(reader, () => expression(reader));
  reader.sign(')');
  return { kind: 'compare', left, operator, right };
}

function expression(reader: Reader): Expression {
  const literal = reader.literal();
  if (literal !== undefined) return { kind: 'literal', value: literal };
  const first = reader.word();
  if (first === 'true' || first === 'false') return { kind: 'literal', value: first === 'true' };
  if (reader.takeSign('(')) {
    const name = functions.find((one) => one === first);
    if (name === undefined) throw invalidQuery('UnknownFunction', `Unknown function: '${first}'.`);
    const argument = expression(reader);
    reader.sign(')');
    return { kind: 'call', name, argument };
  }
  const path = [first];
  for (;;) {
    if (reader.takeSign('.')) path.push(reader.word());
    else if (reader.takeSign('[')) {
      const key = reader.literal();
      if (typeof key !== 'string') throw parserFailure();
      path.push(key);
      reader.sign(']');
    } else return { kind: 'column', path };
  }
}

class Reader {
  private place = 0;

  constructor(private readonly all: readonly Token[]) {}

  atEnd(): boolean {
    return this.place >= this.all.length;
  }

  word(): string {
    return this.next('word');
  }

  number(): number {
    return Number(this.next('number'));
  }

  sign(value: string): void {
    if (this.next('sign') !== value) throw parserFailure();
  }

  keyword(value: string): void {
    if (!this.takeWord(value)) throw parserFailure();
  }

  takeSign(value: string): boolean {
    return this.take('sign', value);
  }

  takeWord(value: string): boolean {
    return this.take('word', value);
  }

  literal(): string | number | undefined {
    const found = this.all[this.place];
    if (found?.kind !== 'text' && found?.kind !== 'number') return undefined;
    this.place += 1;
    return found.kind === 'number' ? Number(found.value) : found.value;
  }

  operator(): Operator {
    const value = this.all[this.place]?.value.toLowerCase();
    const operator = operators.find((one) => one === value);
    if (operator === undefined) throw parserFailure();
    this.place += 1;
    return operator;
  }

  private next(kind: Token['kind']): string {
    const found = this.all[this.place];
    if (found?.kind !== kind) throw parserFailure();
    this.place += 1;
    return found.value;
  }

  private take(kind: Token['kind'], value: string): boolean {
    const found = this.all[this.place];
    if (found?.kind !== kind || found.value.toLowerCase() !== value) return false;
    this.place += 1;
    return true;
  }
}
