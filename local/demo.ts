import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DemoClient, type GuestView, type Migration, type Report } from './demoClient';
import { showAfter, showBefore, showStep } from './demoScreen';
import { startStack, type Stack } from './stack';

const PATIENCE_MS = 120_000;

/**
 * `npm run demo`: a guest of the simulated tenant is switched before your eyes. Exit code 0 only when every grant
 * that can be restored was restored, as the tenant itself confirms.
 */
async function main(): Promise<number> {
  const data = mkdtempSync(path.join(tmpdir(), 'entra-guest-switch-demo-'));
  console.log('Starting a simulated Entra tenant, a storage emulator and the app …\n');
  const options = { port: 0, tenantPort: 0, storagePort: 0, data, seed: undefined, settings: {} };
  const stack = await startStack(options, (text) => console.log(`! ${text}`));
  try {
    return await play(stack);
  } finally {
    await stack.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

async function play(stack: Stack): Promise<number> {
  const client = new DemoClient(stack);
  // Microsoft's directory is never in step with itself, so the demo's is not either.
  await client.tenantSettings({ latencyMs: 15, replicationMs: 400, notificationMs: 200, duplicateNotifications: true });
  const before = await client.workGuest();
  showBefore(before);

  const started = await client.start(
    before.id,
    `${before.displayName.toLowerCase().replaceAll(/\W+/g, '.')}@outlook.example`,
  );
  const ended = await follow(client, started.id, before);
  const report = await client.report(started.id);
  const after = ended.guest.newId === null ? undefined : await client.guest(ended.guest.newId);
  showAfter(before, after, report, ended);
  return verdict(ended, report, after);
}

/** Shows each phase as it happens; plays the guest once the invitation is out. */
async function follow(client: DemoClient, id: string, before: GuestView): Promise<Migration> {
  const deadline = Date.now() + PATIENCE_MS;
  let shown = '';
  let redeemed = false;
  while (Date.now() < deadline) {
    const migration = await client.migration(id);
    const line = `${migration.phase} ${migration.progress.done}`;
    if (line !== shown) showStep(migration, migration.phase !== shown.split(' ')[0]);
    shown = line;
    if (migration.phase === 'awaitingRedemption' && !redeemed && migration.guest.newId !== null) {
      redeemed = true;
      console.log(`\n      ${before.displayName} opens the invitation and picks the personal account …\n`);
      await client.redeem(migration.guest.newId);
    }
    if (migration.phase === 'ended') return migration;
    await delay(60);
  }
  throw new Error(`the migration did not end within ${PATIENCE_MS / 1000} seconds; it was at "${shown}"`);
}

function verdict(migration: Migration, report: Report, after: GuestView | undefined): number {
  const { captured, restored, alreadyPresent, manual, failed } = migration.access;
  const manualKeys = new Set(report.grants.filter((grant) => grant.result === 'manual').map((grant) => grant.key));
  const lost = (report.comparison?.missing ?? []).filter((grant) => !manualKeys.has(grant.key));
  const complaints = [
    ...(['completed', 'completedWithGaps'].includes(migration.outcome ?? '')
      ? []
      : [`it ended as ${migration.outcome ?? '?'}`]),
    ...(migration.error === null ? [] : [`${migration.error.code}: ${migration.error.detail}`]),
    ...migration.checks
      .filter((check) => !check.ok && check.severity === 'blocking')
      .map((check) => `${check.id}: ${check.detail}`),
    ...(failed === 0 ? [] : [`${failed} grants failed`]),
    ...(captured === restored + alreadyPresent + manual + failed ? [] : ['the counts do not add up']),
    ...(report.comparison === null ? ['nothing was compared'] : []),
    ...lost.map((grant) => `missing: ${grant.kind} ${grant.name}`),
    ...(after?.issuer === 'MicrosoftAccount' ? [] : ['the guest does not sign in with a personal account']),
  ];
  if (complaints.length === 0) {
    console.log(
      `\nDone: every grant that an app can restore is back (${restored + alreadyPresent} of ${captured}; ${manual} by hand).`,
    );
    return 0;
  }
  console.error(`\nThe demo failed:\n${complaints.map((text) => `  - ${text}`).join('\n')}`);
  return 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
