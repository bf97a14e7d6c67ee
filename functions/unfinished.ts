import type { Status } from '../domain/phases';
import type { Records } from '../domain/ports';
import type { MigrationRecord } from '../domain/record';

const PAGE = 200;

/** All rows with one of the statuses, page by page. */
export async function migrationsWith(records: Records, statuses: readonly Status[]): Promise<MigrationRecord[]> {
  const found: MigrationRecord[] = [];
  for (const status of statuses) {
    let after: string | undefined;
    do {
      const page = await records.listMigrations({ status, top: PAGE, ...(after === undefined ? {} : { after }) });
      found.push(...page.records);
      after = page.more ? page.records.at(-1)?.id : undefined;
    } while (after !== undefined);
  }
  return found;
}
