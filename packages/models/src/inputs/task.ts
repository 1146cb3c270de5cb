/** Tasks of models with adapters. */
import { AttnError } from '@attn/core';
import { unknownName } from '@attn/core/backend';
import { refuse } from './batch.ts';
import type { Model } from '../model.ts';

/** The task, if the model has adapters for it. Errors: `INVALID_ARGUMENT`. */
export function knownTask(
  where: string,
  { architecture, tasks }: Pick<Model, 'architecture' | 'tasks'>,
  task: string,
): string {
  if (tasks?.has(task)) return task;
  if (tasks === undefined) refuse(where, architecture, { task });
  throw new AttnError('INVALID_ARGUMENT', where, unknownName('task', task, [...(tasks?.keys() ?? [])]));
}
