/** What tests of this package share: a PostgreSQL with pgvector, where the machine has one, and a folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@attn/tooling-vitest/postgres';
import type { TestProject } from 'vitest/node';
import { openFolder } from '../store/open-folder.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const template = await mkdtemp(join(tmpdir(), 'attn-template-'));
  const [server] = await Promise.all([startPostgres(), makeFolder(template)]);
  project.provide('template', template);
  if ('reason' in server) {
    console.log(`[attn/corpus] tests: left out those of stores on a server, as ${server.reason}`);
  } else {
    project.provide('postgres', server.url);
  }
  return async () => {
    await rm(template, { recursive: true, force: true });
    if ('stop' in server) await server.stop();
  };
}

/** An empty database takes seconds to make, and is copied for each test. */
async function makeFolder(folder: string): Promise<void> {
  await (await openFolder(folder, { mustExist: false })).close();
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the server; absent where there is none. */
    readonly postgres?: string;
    /** A folder with an empty database. */
    readonly template: string;
  }
}
