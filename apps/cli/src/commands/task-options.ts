/** The option `--options` of commands that run a task of a model. */
import { show } from '@attn/core/backend';
import type { TaskOptions } from '@attn/models/node';
import { badArgument, jsonOrFile, text, type Options } from '../args.ts';

/** The options of the task, which checks them itself. Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT`. */
export async function readTaskOptions(options: Options): Promise<TaskOptions> {
  const value = text(options, 'options');
  if (value === undefined) return {};
  const json = await jsonOrFile('options', value);
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as TaskOptions;
  throw badArgument(`--options must be an object such as {"top_k":3}, got ${show(json)}`);
}
