import { kindSchema } from '../../domain/grants';
import { captureRequests } from '../support/captureRequests';

/** Requests that a kind may make whatever the guest holds: first reads, lists of scopes, definitions, policies. */
const CONSTANT = 8;

it.each(kindSchema.options)('%s: capturing stays within 2 × ⌈grants/20⌉ + a constant', async (kind) => {
  const { grants, sent } = await captureRequests(kind, 200);
  expect(sent).toBeLessThanOrEqual(2 * Math.ceil(grants / 20) + CONSTANT);
});
