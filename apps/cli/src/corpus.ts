/** The `--store` option: opens a corpus. The package is loaded here, so that other commands start fast. */
import { AttnError } from '@attn/core';
import type * as CorpusModule from '@attn/corpus';
import type { Corpus, OpenCorpusOptions } from '@attn/corpus';
import { requiredText, text, type Options } from './args.ts';
import type { Command, Context } from './command.ts';
import { readHubOptions } from './model.ts';
import type { Site } from './site.ts';

/** The option that says where a corpus is. */
export const STORE_OPTION: Command['options'][number] = [
  '--store <place>',
  'A folder, or a server of PostgreSQL with pgvector: postgres://user@host/database',
];

/** Where a corpus is opened, and how. */
interface OpenStoreOptions extends Pick<
  OpenCorpusOptions,
  'backend' | 'mustExist' | 'dimensions' | 'passageLength' | 'language'
> {
  /** Where the model runs. */
  readonly loading: Site['loading'];
}

/** The place of the store. */
export function readStore(options: Options): string {
  return requiredText(options, 'store', 'a folder, or postgres://…');
}

/** Loads `@attn/corpus`. Errors: `UNSUPPORTED` where this Node is too old for it. */
export async function loadCorpus(): Promise<typeof CorpusModule> {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 12)) return import('@attn/corpus');
  const message = `a corpus needs Node 22.12 or later, got ${process.versions.node}`;
  throw new AttnError('UNSUPPORTED', 'cli', message);
}

/** Opens the corpus of `--store` with the model of `--model`, or the one that the store remembers. */
export async function openStore(
  options: Options,
  context: Context,
  { loading, ...opening }: OpenStoreOptions,
): Promise<Corpus> {
  const store = readStore(options);
  const { openCorpus } = await loadCorpus();
  const { signal, progress } = context;
  progress.update(`opening ${store.replace(/:[^:@/]*@/, '@')}`); // without a password
  const hub = readHubOptions(options, context);
  const { signal: _signal, onWarning, ...rest } = hub;
  const load = {
    ...rest,
    ...loading,
    onProgress: ({ done, total, file }: { done: number; total: number; file: string }) =>
      progress.update(`reading ${file}`, done / total),
  };
  return openCorpus(store, { model: text(options, 'model'), load, signal, onWarning, ...opening });
}
