import { kindSchema } from '../../domain/grants';
import { captureRequests, requestHead, requestLine } from '../support/captureRequests';

/** Requests that a kind may make whatever the guest holds: first reads, lists of scopes, definitions, policies. */
const CONSTANT = 8;

beforeAll(() => {
  process.stdout.write(`${requestHead}\n`);
});

it.each(kindSchema.options)('%s: capturing stays within 2 × ⌈grants/20⌉ + a constant', async (kind) => {
  const row = await captureRequests(kind, 200);
  process.stdout.write(`${requestLine(row)}\n`);
  expect(row.sent).toBeLessThanOrEqual(2 * Math.ceil(row.grants / 20) + CONSTANT);
});
