/** Opens a pipeline for a model, wherever that comes from. */
import { AttnError, type Attn } from '@attn/core';
import { LoadedModel } from '../loaded-model.ts';
import { defaultAttn } from './default-attn.ts';
import type { TaskName, TaskOf } from './names.ts';
import {
  checkTaskName,
  pipelineFor,
  type Pipeline,
  type PipelineMembers,
  type PipelineName,
} from './pipeline.ts';

const WHERE = 'models/pipeline';

/** Tasks over the states of tokens, which a model without its head gives. */
const HEADLESS: readonly string[] = ['feature-extraction', 'sentence-similarity'];

/** A pipeline of any task, whose model another pipeline may have as well. */
export type AnyPipeline = PipelineMembers<TaskName>;

/** The options of loading that are read here. */
interface OwnOptions {
  readonly attn?: Attn;
  readonly head?: boolean;
  /** Workers have backends of their own. */
  readonly workers?: object;
}

/** Implements `pipeline`. `load` loads a model that is no `LoadedModel` yet. */
export async function openPipeline<N extends PipelineName, O extends OwnOptions, S>(
  name: N,
  source: S | LoadedModel | AnyPipeline,
  options: O,
  load: (source: S, options: O) => Promise<LoadedModel>,
): Promise<Pipeline<TaskOf<N>>> {
  const task = checkTaskName(name);
  const target = isPipeline(source) ? source.model : source;
  if (isLoaded(target)) {
    const extra = Object.keys(options).at(0);
    if (extra === undefined) return pipelineFor(name, target, async () => {});
    const message = `a model that is loaded takes no options of loading, got ${extra}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  const { attn, workers } = options;
  const own = attn === undefined && workers === undefined ? await defaultAttn(WHERE) : undefined;
  const release = async (model?: LoadedModel): Promise<void> => {
    await model?.[Symbol.asyncDispose]();
    await own?.dispose();
  };
  let model: LoadedModel | undefined;
  try {
    const head = options.head ?? !HEADLESS.includes(task);
    const loaded = await load(target, { ...options, attn: attn ?? own, head });
    model = loaded;
    return await pipelineFor(name, loaded, () => release(loaded));
  } catch (error) {
    await release(model);
    throw error;
  }
}

/** Whether a source is a pipeline, which is a function. */
function isPipeline(source: unknown): source is AnyPipeline {
  return typeof source === 'function' && isLoaded((source as Partial<AnyPipeline>).model);
}

/** Whether a source is a model already. An object that nobody may look inside is none. */
function isLoaded(source: unknown): source is LoadedModel {
  try {
    return source instanceof LoadedModel;
  } catch {
    return false;
  }
}
