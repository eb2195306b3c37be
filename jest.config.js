/** Tests are ESM; swc only strips types, `npm run types` checks them. */
export default {
  testEnvironment: '<rootDir>/__tests__/support/environment.ts',
  globalSetup: '<rootDir>/__tests__/support/global-setup.ts',
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  // More than there are cores: files that start processes, or count turns of time, mostly wait.
  maxWorkers: 7,
  // Ending a worker means taking down all that its files have loaded: on a busy machine that takes
  // longer than the 500 ms after which Jest kills it. What a file leaves open, environment.ts tells.
  workerGracefulExitTimeout: 30_000,
  // For what hangs. No test is a race against this: a busy machine may take many times as long.
  testTimeout: 120_000,
};
