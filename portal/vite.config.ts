import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Served by the server at `/` under a policy that allows scripts from files only: nothing is inlined. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
