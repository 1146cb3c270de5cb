// The vitest preset of every package: tests stand beside their sources and run in Node. Each run also writes
// a JSON report, from which CI counts the tests that ran.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';

/** Tests of `npm run check`: they prove what rarely breaks, or take long. */
const wholeRunOnly = process.env.ATTN_SUITE === 'whole' ? [] : ['**/*.whole.test.{ts,mjs}'];

const exclude = ['**/node_modules/**', '**/dist/**', ...wholeRunOnly];

/** Properties and whole suites take seconds; on a slow, busy machine even a minute is no hang. */
const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };

/**
 * Node loads the modules of tests itself and strips their types. Vite would transform each of them, and turn
 * imports into properties of objects, which slows down whatever calls functions of other modules.
 */
export const loadedByNode = { viteModuleRunner: false, nodeLoader: false };

/** The tests that run in Node: all test files without `browser` in their names. */
export const nodeTests = {
  ...timeouts,
  name: 'node',
  experimental: loadedByNode,
  include: ['**/*.test.{ts,mjs}'],
  exclude: [...exclude, '**/*.browser.test.{ts,mjs}'],
  passWithNoTests: true,
  // Speeds that tests measure must not reach the user's own cache.
  env: Object.fromEntries(
    ['XDG_CACHE_HOME', 'LOCALAPPDATA'].map((name) => [name, join(tmpdir(), `attn-tests-${process.pid}`)]),
  ),
};

/** The tests that run in a browser. */
export const browserTests = {
  ...timeouts,
  name: 'browser',
  include: ['**/*.browser.test.{ts,mjs}'],
  exclude,
  // A page has no environment; it gets our variables as `import.meta.env`.
  env: Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('ATTN_'))),
};

/** Reporters of every run; `tooling/vitest/count.mjs` reads the JSON file. */
export const reporters = ['default', ['json', { outputFile: 'reports/tests.json' }]];

/**
 * Runs of the conformance suite come first, as they take longest: the last file to end must be a short one.
 */
class LongestFirst extends BaseSequencer {
  async sort(files) {
    const rank = ({ moduleId }) =>
      ['/conformance/node', '/conformance/', ''].findIndex((part) =>
        moduleId.replaceAll('\\', '/').includes(part),
      );
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

/** The order of test files. */
export const sequence = { sequencer: LongestFirst };

/**
 * A preset whose tests in Node run in one process, which loads once what they share. For packages of many
 * files that leave nothing behind: no globals and no environment that they changed.
 */
export function inOneProcess({ test, ...config }) {
  const once = (project) => (project.browser ? project : { ...project, isolate: false });
  const projects = test.projects?.map((project) => ({ ...project, test: once(project.test) }));
  return { ...config, test: projects ? { ...test, projects } : once(test) };
}

/**
 * A preset with several projects in which these test files may replace modules and load them afresh
 * (`vi.doMock`, `vi.resetModules`): Vite loads their modules. Their project is called `replaced`.
 */
export function replacingModules({ test, ...config }, files) {
  const others = test.projects.map((project) =>
    project.test.browser
      ? project
      : { ...project, test: { ...project.test, exclude: [...project.test.exclude, ...files] } },
  );
  const replaced = { test: { ...nodeTests, name: 'replaced', include: files, experimental: {} } };
  return { ...config, test: { ...test, projects: [...others, replaced] } };
}

export default defineConfig({ test: { ...nodeTests, reporters, sequence } });
