// The vitest preset of a package that must also work in a browser: `*.browser.test.ts` run in headless Chromium, in a
// cross-origin isolated page and with software WebGPU; all its other tests run in Node.
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { ISOLATION_HEADERS, chromium } from './chromium.mjs';
import { browserTests, nodeTests, reporters } from './node.mjs';

export default defineConfig(async () => ({
  test: {
    reporters,
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
