import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startTenant } from './startTenant';
import { StateError, type StateDocument } from './store/document';

const usage = 'usage: main --data DIR [--port N] [--seed FILE] [--identity-header SECRET]';

/** Runs the simulated tenant until SIGTERM, SIGINT or the end of the parent's IPC channel. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      data: { type: 'string' },
      seed: { type: 'string' },
      'identity-header': { type: 'string' },
    },
  });
  if (values.data === undefined) throw new TypeError(usage);
  const identityHeader = values['identity-header'] ?? process.env['IDENTITY_HEADER'];
  const seed = values.seed === undefined ? undefined : (JSON.parse(readFileSync(values.seed, 'utf8')) as StateDocument);
  const running = await startTenant({
    dataDir: values.data,
    port: Number(values.port),
    ...(seed === undefined ? {} : { seed }),
    ...(identityHeader === undefined ? {} : { identityHeader }),
  });
  console.log(`tenant listening on ${running.url}`);
  const { port, certFile } = running;
  process.send?.({ ready: { port, certFile } });

  const stop = (): void => {
    void running.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.once('disconnect', stop);
}

main().catch((error: unknown) => {
  const expected = error instanceof TypeError || error instanceof StateError;
  console.error(expected ? error.message : error);
  process.exit(1);
});
