/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json' }] },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  maxWorkers: 2,
  // Generous: a busy machine is no failure. What must be fast is measured in benchmarks, not here.
  testTimeout: 60_000,
};
