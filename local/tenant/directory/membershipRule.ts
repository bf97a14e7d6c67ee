import { part, type Entity } from '../store/snapshot';

/** A parsed membership rule: does this user belong to the group? */
export type Rule = (user: Entity) => boolean;

const token = /\s*(\(|\)|and\b|or\b|user\.\w+|-\w+|"[^"]*"|true\b|false\b|null\b)/iy;

/**
 * Parses a membership rule such as `(user.userType -eq "Guest") and (user.department -eq "Legal")`. Understood are
 * -eq, -ne, -startsWith and -contains on plain properties, joined by and / or with parentheses; texts are compared
 * without regard to case. Throws a SyntaxError for every other rule.
 */
export function parseRule(source: string): Rule {
  const tokens = tokenize(source);
  const rule = alternatives(tokens);
  if (tokens.length > 0) throw new SyntaxError(`The membership rule is not understood at ${tokens[0] ?? ''}.`);
  return rule;
}

/** True when `parseRule` understands the rule. */
export function isUnderstood(source: string): boolean {
  try {
    parseRule(source);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function tokenize(source: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  const text = source.trim();
  while (token.lastIndex < text.length) {
    const found = token.exec(text)?.[1];
    if (found === undefined) throw new SyntaxError('The membership rule contains something unknown.');
    tokens.push(found);
  }
  return tokens;
}

function alternatives(tokens: string[]): Rule {
  let rule = conjunction(tokens);
  while (tokens[0]?.toLowerCase() === 'or') {
    tokens.shift();
    const [left, right] = [rule, conjunction(tokens)];
    rule = (user) => left(user) || right(user);
  }
  return rule;
}

function conjunction(tokens: string[]): Rule {
  let rule = single(tokens);
  while (tokens[0]?.toLowerCase() === 'and') {
    tokens.shift();
    const [left, right] = [rule, single(tokens)];
    rule = (user) => left(user) && right(user);
  }
  return rule;
}

function single(tokens: string[]): Rule {
  const first = tokens.shift() ?? '';
  if (first === '(') {
    const inner = alternatives(tokens);
    if (tokens.shift() !== ')') throw new SyntaxError('The membership rule lacks a closing parenthesis.');
    return inner;
  }
  if (!/^user\./i.test(first)) throw new SyntaxError(`The membership rule is not understood at ${first}.`);
  return comparison(first.slice('user.'.length), tokens.shift() ?? '', tokens.shift() ?? '');
}

function comparison(property: string, operator: string, literal: string): Rule {
  const wanted = literalValue(literal);
  const actual = (user: Entity): unknown => {
    const value =
      (property.startsWith('extensionAttribute') ? extensionAttribute(user, property) : user[property]) ?? null;
    return typeof value === 'string' ? value.toLowerCase() : value;
  };
  const textTest = (test: (value: string, part: string) => boolean): Rule => {
    return (user) => {
      const value = actual(user);
      return typeof value === 'string' && typeof wanted === 'string' && test(value, wanted);
    };
  };
  switch (operator.toLowerCase()) {
    case '-eq':
      return (user) => actual(user) === wanted;
    case '-ne':
      return (user) => actual(user) !== wanted;
    case '-startswith':
      return textTest((value, part) => value.startsWith(part));
    case '-contains':
      return textTest((value, part) => value.includes(part));
    default:
      throw new SyntaxError(`The membership rule operator ${operator} is not understood.`);
  }
}

/** Rules name the fifteen attributes of Exchange without the object that Graph shows them in. */
function extensionAttribute(user: Entity, name: string): unknown {
  return part(user, 'onPremisesExtensionAttributes')?.[name];
}

function literalValue(literal: string): string | boolean | null {
  if (literal.startsWith('"')) return literal.slice(1, -1).toLowerCase();
  switch (literal.toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
    default:
      throw new SyntaxError(`The membership rule value ${literal} is not understood.`);
  }
}
