import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { builtinModules } from 'node:module';

const nodeBuiltins = `^(node:.+|${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`;
const nothingFrom = (folders, message) => ({
  group: folders.flatMap((folder) => [`**/${folder}`, `**/${folder}/**`]),
  message,
});

/** Imports forbidden in a folder. `types` lists what may be imported as a type only. */
function boundary({ values, types = [], sdks = [] }) {
  return [
    'error',
    {
      patterns: [
        ...values.map((v) => nothingFrom(v.folders, v.message)),
        ...types.map((t) => ({ ...nothingFrom(t.folders, t.message), allowTypeImports: true })),
        ...sdks,
      ],
    },
  ];
}

const neverLocal = {
  folders: ['local', 'tests', 'benchmarks'],
  message: 'Nothing that is deployed may import local/, tests/ or benchmarks/.',
};
const sdksStayInAdapters = {
  group: ['@azure/*', '@microsoft/*', 'dataloader'],
  message: 'SDKs live in adapters/ and nowhere else.',
};
const pureGlobals = [
  'fetch',
  'process',
  'console',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'crypto',
  'performance',
].map((name) => ({
  name,
  message:
    'Deterministic code has no outside: call an activity, use context.df.createTimer, or take the value as input.',
}));
const pureSyntax = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Use context.df.currentUtcDateTime: the wall clock differs on replay.',
  },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Use context.df.currentUtcDateTime: the wall clock differs on replay.',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Use context.df.newGuid(context.df.instanceId): a random number differs on replay.',
  },
  {
    selector: 'AwaitExpression',
    message: 'Yield a durable task: an await inside an orchestrator never resumes on replay.',
  },
];
const environmentOnlyInTheRoot = [
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'Only functions/index.ts reads the environment; take settings as a parameter.',
  },
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.local/**', 'coverage/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: [
      'functions/**/*.ts',
      'orchestrators/**/*.ts',
      'activities/**/*.ts',
      'access/**/*.ts',
      'domain/**/*.ts',
      'adapters/**/*.ts',
      'local/**/*.ts',
      'benchmarks/**/*.ts',
    ],
    rules: { 'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...pureGlobals],
      'no-restricted-syntax': ['error', ...pureSyntax],
      '@typescript-eslint/no-restricted-imports': boundary({
        values: [
          neverLocal,
          {
            folders: ['functions', 'orchestrators', 'activities', 'access', 'adapters'],
            message: 'domain/ imports nothing of ours.',
          },
        ],
        sdks: [sdksStayInAdapters, { regex: nodeBuiltins, message: 'domain/ is pure.' }],
      }),
    },
  },
  {
    files: ['orchestrators/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...pureGlobals],
      'no-restricted-syntax': ['error', ...pureSyntax],
      '@typescript-eslint/no-restricted-imports': boundary({
        values: [neverLocal],
        types: [
          {
            folders: ['functions', 'activities', 'access', 'adapters'],
            message: 'An orchestrator decides; effects are activities, imported as types only.',
          },
        ],
        sdks: [
          { ...sdksStayInAdapters, allowTypeImports: true },
          { regex: nodeBuiltins, message: 'Orchestrators are deterministic: no Node built-ins.' },
        ],
      }),
    },
  },
  {
    files: ['access/**/*.ts', 'activities/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...environmentOnlyInTheRoot],
      '@typescript-eslint/no-restricted-imports': boundary({
        values: [neverLocal, { folders: ['functions', 'orchestrators'], message: 'Dependencies point inwards.' }],
        types: [{ folders: ['adapters'], message: 'Adapters arrive as parameters; import their types only.' }],
        sdks: [sdksStayInAdapters],
      }),
    },
  },
  {
    files: ['adapters/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...environmentOnlyInTheRoot],
      '@typescript-eslint/no-restricted-imports': boundary({
        values: [
          neverLocal,
          {
            folders: ['functions', 'orchestrators', 'activities', 'access'],
            message: 'adapters/ imports domain/ only.',
          },
        ],
      }),
    },
  },
  {
    files: ['functions/**/*.ts'],
    ignores: ['functions/index.ts'],
    rules: { 'no-restricted-syntax': ['error', ...environmentOnlyInTheRoot] },
  },
  {
    files: ['functions/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': boundary({ values: [neverLocal] }) },
  },
  {
    files: ['local/tenant/**/*.ts', 'local/host/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': boundary({
        values: [
          {
            folders: ['functions', 'orchestrators', 'activities', 'access', 'domain', 'adapters', 'tests'],
            message: 'The simulated tenant and the host know Microsoft, never the app.',
          },
        ],
      }),
    },
  },
  {
    files: ['tests/**/*.ts', 'benchmarks/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['local/*.ts', 'local/**/main.ts', 'benchmarks/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: { module: 'writable', require: 'readonly', process: 'readonly', console: 'readonly', URL: 'readonly' },
    },
  },
);
