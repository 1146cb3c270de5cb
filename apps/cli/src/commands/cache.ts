/** `attn cache`: lists the models of the hub that are on this disk, and removes them. */
import { AttnError } from '@attn/core';
import { clearCached, listCached } from '@attn/models/node';
import { badArgument, isSet, text, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { bytes } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';

/** The command. */
export const cache: Command = {
  name: 'cache',
  summary: 'List or clear the models of the hub on this disk',
  options: [
    ['--clear <id>', 'Remove this model, e.g. allenai/longformer-base-4096'],
    ['--clear-all', 'Remove all models'],
    ['--cache <folder>', 'Where models of the hub are kept (default: that of Hugging Face’s libraries)'],
  ],
  examples: ['cache', 'cache --clear allenai/longformer-base-4096'],
  run: runCache,
};

async function runCache(options: Options, context: Context): Promise<void> {
  const id = text(options, 'clear');
  const all = isSet(options, 'clearAll');
  if (all && id !== undefined) throw badArgument('--clear and --clear-all exclude each other, got both');
  const cacheFolder = text(options, 'cache');
  const models = await listCached({ cacheFolder });
  if (all || id !== undefined) {
    if (id !== undefined && !models.some((model) => model.id === id)) {
      const cached =
        models.length === 0 ? 'it is empty' : `it has ${models.map((model) => model.id).join(', ')}`;
      throw new AttnError('FILE_NOT_FOUND', 'cli', `--clear: the cache has no model ${id}; ${cached}`);
    }
    const freed = await clearCached(id, { cacheFolder });
    context.printJson({ cleared: id ?? 'all', bytes: freed });
    context.print(`${bytes(freed)} are free again.`);
    return;
  }
  const total = models.reduce((sum, model) => sum + model.bytes, 0);
  context.printJson({ models, bytes: total });
  if (models.length === 0) return context.print('The cache is empty.');
  const rows = models.map((model) => [
    model.id,
    model.revisions.join(', '),
    bytes(model.bytes),
    model.lastUsed === undefined ? '' : model.lastUsed.toISOString().slice(0, 10),
  ]);
  context.print(
    table(
      [{ title: 'model' }, { title: 'revisions' }, { title: 'size', align: 'right' }, { title: 'last used' }],
      [...rows, ['all', '', bytes(total), '']],
    ),
  );
}
