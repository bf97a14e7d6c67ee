import { isRelation, notAccess, textOf, type Row } from '../../local/tenantAccess';
import type { TenantState } from './localStack';

/**
 * The whole tenant in a form that two runs can be compared in, whatever kinds of access there are: collection by
 * collection one text a row, sorted. The guest that a run made is called `new`; rows about that guest lose the id that
 * a service made up for them, and times of writing are left out.
 */
export function wholeTenant(state: TenantState, newId: string | null): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => !notAccess.has(name))
      .map(([name, rows]) => [
        name,
        [rows]
          .flat()
          .map((row) => textOf(row as Row, newId))
          .sort(),
      ]),
  );
}

/**
 * The whole tenant without these guests: rows about them are gone, and so is each of their entries in lists; a
 * property that names one of them alone says `(guest)`. What is left belongs to everybody else and must not change.
 */
export function everybodyElse(state: TenantState, guests: readonly string[]): Record<string, string[]> {
  const isGuest = (value: unknown): boolean => typeof value === 'string' && guests.includes(value);
  const scrub = (value: unknown): unknown => {
    if (isGuest(value)) return '(guest)';
    if (Array.isArray(value)) return value.filter((item) => !isGuest(item) && !isAbout(item)).map(scrub);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, scrub(inner)]));
  };
  const isAbout = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).some(isGuest);
  const belongsToGuest = (row: Row): boolean =>
    isGuest(row['id']) || (isRelation(row) && guests.some((id) => JSON.stringify(row).includes(id)));
  return Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => !notAccess.has(name))
      .map(([name, rows]) => [
        name,
        ([rows].flat() as Row[])
          .filter((row) => !belongsToGuest(row))
          .map((row) => textOf(scrub(row) as Row, null))
          .sort(),
      ]),
  );
}
