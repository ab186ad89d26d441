/** esbuild plugin: our own packages are bundled in (`@merlon/…`, and within one `#…`), npm packages stay where npm put them. */
export const externalNpm = {
  name: 'external-npm',
  setup(b) {
    b.onResolve({ filter: /^[^./#]/ }, (args) =>
      args.kind === 'entry-point' || args.path.startsWith('@merlon/')
        ? null
        : { path: args.path, external: true },
    );
  },
};
