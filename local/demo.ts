import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DemoClient, type GuestView, type Migration, type Report } from './demoClient';
import { showAfter, showBefore, showStep } from './demoScreen';
import { readDemoOptions } from './options';
import { personalAddress } from './personalAddress';
import { startStack, type Stack } from './stack';

const PATIENCE_MS = 120_000;

/**
 * `npm run demo`: a guest of the simulated tenant is switched before your eyes. Exit code 0 only when every grant
 * that can be restored was restored, as the tenant itself confirms.
 */
async function main(): Promise<number> {
  const { seed } = readDemoOptions(process.argv.slice(2));
  const data = mkdtempSync(path.join(tmpdir(), 'entra-guest-switch-demo-'));
  console.log('Starting a simulated Entra tenant, a storage emulator and the app …\n');
  const options = { port: 0, tenantPort: 0, storagePort: 0, data, seed, settings: {} };
  const starting = startStack(options, (text) => console.log(`! ${text}`));
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted.abort();
      console.log('\nStopping …');
      void cleanUp(starting, data).then(() => process.exit(1));
    });
  }
  try {
    return await play(await starting);
  } catch (error) {
    // What is being stopped under the demo's feet fails in ways that tell nobody anything.
    if (interrupted.signal.aborted) return 1;
    throw error;
  } finally {
    await cleanUp(starting, data);
  }
}

async function cleanUp(starting: Promise<Stack>, data: string): Promise<void> {
  await starting.then(
    (stack) => stack.stop(),
    () => undefined,
  );
  rmSync(data, { recursive: true, force: true });
}

async function play(stack: Stack): Promise<number> {
  const client = new DemoClient(stack);
  // Microsoft's directory is never in step with itself, so the demo's is not either.
  await client.tenantSettings({ latencyMs: 15, replicationMs: 400, notificationMs: 200, duplicateNotifications: true });
  const before = await client.workGuest();
  showBefore(before);

  const started = await client.start(before.id, personalAddress(before.displayName));
  const ended = await follow(client, started.id, before);
  if (!['completed', 'completedWithGaps'].includes(ended.outcome ?? '')) return failed(reasonsOf(ended));
  const report = await client.report(started.id);
  const after = ended.guest.newId === null ? undefined : await client.guest(ended.guest.newId);
  showAfter(before, after, report, ended);
  return verdict(before, ended, report, after);
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

/** Why a migration ended early, for people. */
function reasonsOf({ outcome, error, checks }: Migration): string[] {
  return [
    `the migration ended as ${outcome ?? 'nothing'}`,
    ...(error === null ? [] : [`${error.code}: ${error.detail}`]),
    ...checks
      .filter((check) => !check.ok && check.severity === 'blocking')
      .map((check) => `${check.id}: ${check.detail} ${check.fix}`),
  ];
}

function verdict(before: GuestView, migration: Migration, report: Report, after: GuestView | undefined): number {
  const { captured, restored, alreadyPresent, manual, failed: notRestored } = migration.access;
  const manualKeys = new Set(report.grants.filter((grant) => grant.result === 'manual').map((grant) => grant.key));
  const lost = (report.comparison?.missing ?? []).filter((grant) => !manualKeys.has(grant.key));
  const complaints = [
    ...(migration.error === null ? [] : [`${migration.error.code}: ${migration.error.detail}`]),
    ...(notRestored === 0 ? [] : [`${notRestored} grants could not be restored`]),
    ...(captured === restored + alreadyPresent + manual + notRestored ? [] : ['the counts do not add up']),
    ...(report.comparison === null ? ['nothing was compared'] : []),
    ...lost.map((grant) => `missing: ${grant.kind} ${grant.name}`),
    ...(after === undefined ? [] : lostInTenant(before, after, report)),
    ...(after?.issuer === 'MicrosoftAccount' ? [] : ['the guest does not sign in with a personal account']),
  ];
  if (complaints.length > 0) return failed(complaints);
  const back = `${restored + alreadyPresent} of ${captured}; ${manual} by hand`;
  console.log(`\nDone: every grant that an app can restore is back (${back}).`);
  return 0;
}

/** What the tenant's own state lost, without asking the app, but for the grants that are left to people. */
function lostInTenant(before: GuestView, after: GuestView, { grants }: Report): string[] {
  const has = new Set(after.access);
  const forPeople = grants
    // Names of sign-in methods say nothing of the rest, and might stand in it by chance.
    .filter(({ kind, result }) => result === 'manual' && kind !== 'authenticationMethod' && kind !== 'outsideGraph')
    .map(({ key }) => key.toLowerCase().split('/'));
  return before.access
    .filter((line) => !has.has(line) && !forPeople.some((key) => key.every((part) => line.includes(part))))
    .map((line) => `the tenant does not show ${line}`);
}

function failed(reasons: readonly string[]): number {
  console.error(`\nThe demo failed:\n${reasons.map((text) => `  - ${text}`).join('\n')}`);
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
