/** Tells when files change. */
import { watch } from 'node:fs';
import { aSignal, checkArgument, checkOptions, listOf, aString } from '@attn/core/backend';

/** Changes within this time are one. */
const QUIET_MS = 300;

const WHERE = 'corpus/watchFiles';

/**
 * Yields once for all changes of files and folders that came since it was last asked, until the signal is
 * aborted. Folders are watched with all that is in them. Errors: `INVALID_ARGUMENT`, those of `fs.watch`.
 *
 * @example
 * for await (const _ of watchFiles(['./notes'], { signal })) await corpus.index(readFiles(['./notes']));
 */
export async function* watchFiles(
  paths: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<void, void, undefined> {
  checkArgument(WHERE, 'paths', paths, listOf(aString, 'a list of paths'));
  const { signal } = checkOptions(WHERE, options, { signal: aSignal });
  let hasChanged = false;
  let failure: Error | undefined;
  let wake = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  const onChange = (): void => {
    hasChanged = true;
    clearTimeout(timer);
    timer = setTimeout(() => wake(), QUIET_MS);
  };
  const watchers = paths.map((path) => watch(path, { recursive: true }, onChange));
  for (const watcher of watchers) watcher.on('error', (error) => ((failure = error), wake()));
  const onAbort = (): void => wake();
  signal?.addEventListener('abort', onAbort);
  try {
    while (!signal?.aborted) {
      if (!hasChanged) await new Promise<void>((resolve) => void (wake = resolve));
      if (failure !== undefined) throw failure;
      if (signal?.aborted) return;
      hasChanged = false;
      yield;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  }
}
