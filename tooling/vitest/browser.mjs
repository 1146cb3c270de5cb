// The vitest preset of a package that also works in browsers: `*.browser.test.ts` run in headless Chromium,
// in a cross-origin isolated page with software WebGPU; all other tests run in Node.
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { ISOLATION_HEADERS, chromium } from './chromium.mjs';
import { browserTests, nodeTests, reporters, sequence } from './node.mjs';

export default defineConfig(async () => ({
  test: {
    reporters,
    sequence,
    projects: [
      { test: nodeTests },
      {
        server: { headers: ISOLATION_HEADERS },
        test: {
          ...browserTests,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: await chromium() }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
}));
