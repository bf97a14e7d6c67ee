import { kindSchema } from '../domain/grants';
import { captureRequests, type CaptureRequests } from '../tests/support/captureRequests';

/*
 * Requests for a guest with 200 grants of a kind: every read alone against reads in batches, and the ratio of the two.
 *
 *     npm run benchmark:requests
 */

const GRANTS = 200;

async function main(): Promise<void> {
  const rows: CaptureRequests[] = [];
  for (const kind of kindSchema.options) rows.push(await captureRequests(kind, GRANTS));
  process.stdout.write(
    `${'kind'.padEnd(26)}${'grants'.padStart(7)}${'single'.padStart(8)}${'batched'.padStart(9)}   ratio\n`,
  );
  for (const { kind, grants, single, sent } of rows) {
    const ratio = (single / Math.max(sent, 1)).toFixed(1);
    process.stdout.write(
      `${kind.padEnd(26)}${String(grants).padStart(7)}${String(single).padStart(8)}${String(sent).padStart(9)}${ratio.padStart(8)}\n`,
    );
  }
  const sum = (value: (row: CaptureRequests) => number) => rows.reduce((all, row) => all + value(row), 0);
  process.stdout.write(`all kinds: ${sum((row) => row.single)} single, ${sum((row) => row.sent)} batched\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
