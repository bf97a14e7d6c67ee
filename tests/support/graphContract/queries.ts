import type { Schema } from './document';
import type { Shapes } from './shapes';

const nestedInExpand = new Set(['$select', '$filter', '$orderby', '$top', '$skip', '$count', '$search', '$expand']);

/**
 * Checks OData query options against one returned type. Values never appear in the problems: a filter may hold a mail
 * address.
 */
export class Queries {
  constructor(private readonly shapes: Shapes) {}

  /**
   * @param query what follows `?`, still encoded
   * @param declared options that the operation declares
   * @param element the type that the operation returns, or returns a collection of
   */
  problemsOf(query: string, declared: ReadonlySet<string>, element: Schema | undefined): string[] {
    const problems: string[] = [];
    const seen = new Set<string>();
    for (const [name, value] of new URLSearchParams(query)) {
      if (seen.has(name)) problems.push(`query option ${name} is given twice`);
      seen.add(name);
      if (name === '$skiptoken') continue;
      if (!declared.has(name)) problems.push(`query option ${name} is not declared`);
      else problems.push(...this.optionProblems(name, value, element));
    }
    return problems;
  }

  private optionProblems(name: string, value: string, element: Schema | undefined): string[] {
    switch (name) {
      case '$top':
      case '$skip':
        return /^\d+$/.test(value) ? [] : [`${name} is not a number`];
      case '$count':
        return ['true', 'false'].includes(value) ? [] : ['$count is neither true nor false'];
      case '$select':
        return this.unknownNames(name, splitOutsideBrackets(value, ','), element);
      case '$orderby':
        return this.orderProblems(value, element);
      case '$filter':
        return this.filterProblems(value, element);
      case '$expand':
        return splitOutsideBrackets(value, ',').flatMap((item) => this.expandProblems(item, element));
      default:
        return [];
    }
  }

  private unknownNames(option: string, names: readonly string[], element: Schema | undefined): string[] {
    return names
      .filter((name) => element === undefined || !this.shapes.hasPath(element, name))
      .map((name) => `${option} names ${name}, which is unknown to ${this.nameOf(element)}`);
  }

  private orderProblems(value: string, element: Schema | undefined): string[] {
    return splitOutsideBrackets(value, ',').flatMap((item) => {
      const order = /^(\S+?)(?: (?:asc|desc))?$/.exec(item.trim());
      return order?.[1] === undefined ? ['$orderby is malformed'] : this.unknownNames('$orderby', [order[1]], element);
    });
  }

  /** Looks at the properties that are compared, not at the whole grammar of a filter. */
  private filterProblems(value: string, element: Schema | undefined): string[] {
    const text = value.replaceAll(/'(?:[^']|'')*'/g, '""');
    if (text.includes("'")) return ['$filter has an open quote'];

    const compared = [
      ...text.matchAll(/([A-Za-z_][\w/$.]*)\s+(?:eq|ne|gt|ge|lt|le|in|has)\s/g),
      ...text.matchAll(/([A-Za-z_][\w/$.]*)\/(?:any|all)\(/g),
      ...text.matchAll(/\b(?:startsWith|endsWith|contains)\(\s*([A-Za-z_][\w/$.]*)/gi),
    ].map((match) => match[1] ?? '');
    if (compared.length === 0) return ['$filter compares no property'];

    const variables = new Set([...text.matchAll(/\b(?:any|all)\(\s*(\w+)\s*:/g)].map((match) => match[1]));
    const paths = compared
      .filter((path) => !variables.has(path.split('/')[0]))
      .map((path) => path.replace(/\/\$count$/, ''));
    return this.unknownNames('$filter', paths, element);
  }

  private expandProblems(item: string, element: Schema | undefined): string[] {
    const [, name = '', options = ''] = /^([^(]*)(?:\((.*)\))?$/.exec(item.trim()) ?? [];
    const problems = this.unknownNames('$expand', [name], element);
    const target = element && this.shapes.withDerived(element).properties.get(name);
    if (target === undefined) return problems;
    const related = this.shapes.of(target).items ?? target;

    for (const option of splitOutsideBrackets(options, ';')) {
      const [, key = '', value = ''] = /^([^=]*)=(.*)$/.exec(option.trim()) ?? [];
      if (!nestedInExpand.has(key)) problems.push('$expand holds an unknown option');
      else problems.push(...this.optionProblems(key, value, related));
    }
    return problems;
  }

  private nameOf(element: Schema | undefined): string {
    return (element && this.shapes.of(element).name) ?? 'the answer';
  }
}

/** Splits at separators that stand in no brackets; an empty text has no parts. */
function splitOutsideBrackets(text: string, separator: string): string[] {
  if (text === '') return [];
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === separator && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part];
}
