/** Nothing flows backwards: packages know no server, features meet only at their index, contract knows nobody. Circles are the linter's to find. */
export default {
  forbidden: [
    {
      name: 'packages-know-no-server',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(server|agent|portal|tests)/' },
    },
    {
      name: 'contract-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^packages/contract/' },
      to: { path: '^packages/(?!contract/)' },
    },
    {
      name: 'pure-packages-do-no-io',
      comment: 'kql, odata, sigma: text in, data out. kql alone starts worker threads.',
      severity: 'error',
      from: { path: '^packages/(odata|sigma)/src', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], path: '^(node:)?(fs|net|http|https|child_process|worker_threads)' },
    },
    {
      name: 'features-meet-at-their-index',
      comment: 'A feature never reaches into another; it asks through index.ts.',
      severity: 'error',
      from: { path: '^server/src/features/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^server/src/features/([^/]+)/',
        pathNot: ['^server/src/features/$1/', '^server/src/features/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'agent-and-server-share-contract-only',
      severity: 'error',
      from: { path: '^agent/' },
      to: { path: '^(server/|packages/(?!contract/))' },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    parser: 'swc',
    tsPreCompilationDeps: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
