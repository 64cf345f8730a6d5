/** How the page is built: into service/static, the same bytes every time, nothing inline. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  base: '/',
  // Tests run the browser's half of Svelte; without this Node gets the server's, where runes do nothing.
  ...(mode === 'test' ? { resolve: { conditions: ['browser'] } } : {}),
  build: {
    outDir: '../static',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // data: addresses are refused by the page's content security policy
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    proxy: {
      // The service takes no order from another origin: the proxy speaks as the service's own page.
      '/api': {
        target: process.env['LORRYSCAN_SERVICE'] ?? 'http://127.0.0.1:8080',
        changeOrigin: true,
        configure: (proxy) => {
          proxy.on('proxyReq', (request) => {
            if (request.getHeader('origin')) {
              request.setHeader('origin', process.env['LORRYSCAN_SERVICE'] ?? 'http://127.0.0.1:8080');
            }
          });
        },
      },
    },
  },
  test: { include: ['test/**/*.test.ts', 'src/**/*.test.ts'], environment: 'node', setupFiles: 'test/setup.ts' },
}));
