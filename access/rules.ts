import { judgeRule } from '../domain/membershipRule';

/**
 * A membership rule as a report tells it, to be read after "it follows": the rule, and whether it takes the guest in
 * again.
 */
export function ruleInWords(rule: string | null | undefined): string {
  return rule
    ? `its rule, ${withoutAddresses(rule)}. ${judgeRule(rule).sentence}`
    : 'its rule, which could not be read.';
}

/** Reports name nobody's address; the domain is what an administrator needs of it. */
export function withoutAddresses(rule: string): string {
  return rule.replaceAll(/[^\s"'@]+@(?=[^\s"'])/g, '…@');
}
