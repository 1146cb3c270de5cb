/** What a call makes of the states of tokens: its pooling, modules, prompt and dimensions. */
import { AttnError, i32 } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Model } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { modesOf, type PoolingMode } from '../sentence/pooling.ts';
import { choosePrompt } from '../sentence/prompts.ts';
import type { SentenceSettings, VectorPipeline } from '../sentence/settings.ts';
import { widthAfter, type VectorModule } from '../sentence/vector-modules.ts';
import type { Checked, EncodeOptions } from './options.ts';

/** What a call makes of states. */
export interface VectorPlan {
  readonly sentence: SentenceSettings | undefined;
  readonly prompt: string;
  /** The task whose adapters take part. */
  readonly task: string | undefined;
  /** Undefined where states stay as they are. */
  readonly modes: readonly PoolingMode[] | undefined;
  readonly modules: readonly VectorModule[];
  readonly includePrompt: boolean;
  readonly dimensions: number | undefined;
}

/** What options and files say of vectors. Errors: `INVALID_ARGUMENT`, `MALFORMED_FILE`. */
export function planVectors(
  where: string,
  { model, settings }: RunnableModel,
  options: Checked<EncodeOptions>,
): VectorPlan {
  const { sentence } = settings;
  const pipeline: VectorPipeline | undefined =
    sentence?.pipeline.kind === 'vectors' ? sentence.pipeline : undefined;
  const { pooling = pipeline?.pooling ?? 'mean', chunks } = options;
  const modes = pooling === 'none' ? undefined : modesOf(pooling);
  if (chunks !== undefined && modes?.includes('cls')) {
    const message = `a chunk has no first token that stands for it, so pooling must not be cls with chunks: pass pooling: 'mean'`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const modules = modes === undefined ? [] : (pipeline?.modules ?? []);
  const { dimensions } = options;
  if (modules.length > 0 || dimensions !== undefined) {
    const width = vectorWidth(model, modes ?? [], modules);
    if (width === undefined) {
      const message = `the modules of the folder do not take the vectors that pooling ${show(pooling)} gives`;
      throw new AttnError(
        options.pooling === undefined ? 'MALFORMED_FILE' : 'INVALID_ARGUMENT',
        where,
        message,
      );
    }
    if (dimensions !== undefined && dimensions > width) {
      const message = `dimensions must be an integer from 1 to ${width}, got ${show(dimensions)}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
  }
  return {
    sentence,
    prompt: choosePrompt(where, sentence?.prompts, options, model.tasks),
    task: options.task,
    modes,
    modules,
    includePrompt: pipeline?.includePrompt ?? true,
    dimensions: modes && (dimensions ?? sentence?.dimensions),
  };
}

/**
 * The width of vectors after all modules, found without computing any; undefined where a module does not take
 * what comes before it.
 */
export function vectorWidth(
  model: Model,
  modes: readonly PoolingMode[],
  modules: readonly VectorModule[],
): number | undefined {
  const { graph } = model.call({ inputIds: i32([1, 1], [0]) });
  const id = graph.outputs.get('last_hidden_state');
  const width = id === undefined ? 0 : (graph.values[id].shape.at(-1) ?? 0);
  return modules.reduce<number | undefined>(
    (current, module) => (current === undefined ? undefined : widthAfter(module, current)),
    width * modes.length,
  );
}

/** Refuses models that give no states. Errors: `UNSUPPORTED`. */
export function refuseOthers(where: string, { model, settings }: RunnableModel): void {
  if (model.outputs.includes('last_hidden_state')) return;
  const isSparse = settings.sentence?.pipeline.kind === 'sparse';
  const hint = isSparse ? 'encodeSparse is for it' : 'load the checkpoint as the model without a head';
  const message = `${model.architecture} gives ${model.outputs.join(', ')} and no last_hidden_state: ${hint}`;
  throw new AttnError('UNSUPPORTED', where, message);
}
