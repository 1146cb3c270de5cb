/** Serves a golden's files on a web server while tests run on a page. Pages get its address as `golden`. */
import type { TestProject } from 'vitest/node';
import { filesOf, serveFiles } from '../files/server.testing.ts';
import { goldenFolder } from './goldens.testing.ts';

declare module 'vitest' {
  interface ProvidedContext {
    golden: string;
  }
}

/** Starts the server, and returns a function that stops it. */
export default async function serveGolden(project: TestProject): Promise<() => Promise<void>> {
  const server = await serveFiles(await filesOf(goldenFolder('linformer_lm')));
  project.provide('golden', server.url);
  return () => server.close();
}
