import { kindSchema } from '../domain/grants';
import { captureRequests, requestHead, requestLine, type CaptureRequests } from '../tests/support/captureRequests';

/*
 * Requests for capturing a guest with 200 grants of a kind: every read alone, against reads in batches.
 *
 *     npm run benchmark:requests
 */

const GRANTS = 200;

async function main(): Promise<void> {
  console.log(`Requests that capture ${GRANTS} grants of each kind, or as many as a guest can have\n`);
  console.log(requestHead);
  const rows: CaptureRequests[] = [];
  for (const kind of kindSchema.options) {
    const row = await captureRequests(kind, GRANTS);
    rows.push(row);
    console.log(requestLine(row));
  }
  const sum = (what: 'grants' | 'single' | 'sent'): number => rows.reduce((all, row) => all + row[what], 0);
  console.log(requestLine({ kind: 'all kinds', grants: sum('grants'), single: sum('single'), sent: sum('sent') }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
