// Runs jest and ends with one line that says how it went: "N passed, N failed". Arguments go to jest.
// In CI a skipped test is a failure: there everything that a test needs is present.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const require = createRequire(import.meta.url);
const folder = mkdtempSync(path.join(tmpdir(), 'entra-guest-switch-tests-'));
const results = path.join(folder, 'results.json');
const jest = path.join(path.dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
const run = spawnSync(process.execPath, [jest, '--json', `--outputFile=${results}`, ...process.argv.slice(2)], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, FORCE_COLOR: process.env.FORCE_COLOR ?? '0' },
});

let summary = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numFailedTestSuites: 0,
  numRuntimeErrorTestSuites: 0,
};
try {
  summary = { ...summary, ...JSON.parse(readFileSync(results, 'utf8')) };
} catch {
  summary.numRuntimeErrorTestSuites = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const brokenFiles = summary.numRuntimeErrorTestSuites;
const failed = summary.numFailedTests + brokenFiles;
const skipped = summary.numPendingTests;
if (brokenFiles > 0) console.log(`${brokenFiles} test files could not be run`);
console.log(`${summary.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
const skipIsFailure = Boolean(process.env.CI) && skipped > 0;
process.exit(run.status === 0 && failed === 0 && !skipIsFailure ? 0 : 1);
