// The vitest preset of every package: tests beside their sources, run in Node. Beside the usual output each run leaves a
// JSON report, from which CI counts what really ran.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    passWithNoTests: true,
    reporters: ['default', ['json', { outputFile: 'reports/node.json' }]],
  },
});
