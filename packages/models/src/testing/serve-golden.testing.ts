/**
 * Around the tests that run on a page: a golden's files on a web
 * server of their own, whose address pages get as `golden`.
 */
import type { TestProject } from 'vitest/node';
import { filesOf, serveFiles } from '../files/server.testing.ts';
import { goldenFolder } from './goldens.testing.ts';

declare module 'vitest' {
  interface ProvidedContext {
    golden: string;
  }
}

/** Starts the server; what it returns stops it. */
export default async function serveGolden(project: TestProject): Promise<() => Promise<void>> {
  const server = await serveFiles(await filesOf(goldenFolder('linformer_lm')));
  project.provide('golden', server.url);
  return () => server.close();
}
