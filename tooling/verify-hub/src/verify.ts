/** Loads models of the hub as users do, and compares them with published numbers. */
import { AttnError, type Attn } from '@attn/core';
import {
  FAMILIES,
  findFamily,
  hubStore,
  LoadedModel,
  loadModel,
  openCheckpoint,
  toLongformer,
  type DownloadProgress,
  type HubOptions,
} from '@attn/models/node';
import { compare, type HubModel, type Outcome } from './check.ts';

/** Options of `verify`. */
export interface VerifyOptions extends HubOptions {
  readonly attn: Attn;
  /** Called before each model and each check. */
  readonly onStep?: (text: string) => void;
}

/**
 * Checks models one after the other; each is released before the next. A model that cannot be loaded fails
 * all its checks, but no network ends the work. Errors: `TIMEOUT` (no network), `ABORTED`.
 */
export async function verify(
  models: readonly HubModel[],
  options: VerifyOptions,
): Promise<readonly Outcome[]> {
  const { signal, onStep } = options;
  const outcomes: Outcome[] = [];
  for (const model of models) {
    onStep?.(`loading ${model.id}`);
    const fails = (error: unknown): Outcome[] =>
      model.checks.map(({ what }) => ({ model: model.id, what, fault: sentenceOf(error), worst: undefined }));
    let loaded: LoadedModel;
    try {
      loaded = await load(model, options);
    } catch (error) {
      if (error instanceof AttnError && ['TIMEOUT', 'ABORTED'].includes(error.code)) throw error;
      outcomes.push(...fails(error));
      continue;
    }
    try {
      for (const { what, expected, values } of model.checks) {
        signal?.throwIfAborted();
        onStep?.(`${model.id}: ${what}`);
        const result = await values(loaded).then(
          (computed) => compare(expected, computed),
          (error: unknown) => ({ fault: sentenceOf(error), worst: undefined }),
        );
        outcomes.push({ model: model.id, what, ...result });
      }
    } finally {
      loaded.dispose();
    }
  }
  return outcomes;
}

async function load(
  { id, architecture, config, asLongformer }: HubModel,
  options: VerifyOptions,
): Promise<LoadedModel> {
  const { attn, onStep, ...hub } = options;
  const onDownload = ({ file, done, total }: DownloadProgress): void =>
    onStep?.(`downloading ${file} of ${id}: ${percent(done, total)}`);
  if (asLongformer !== true && config === undefined)
    return loadModel(id, { ...hub, attn, architecture, onDownload });
  await using checkpoint = await openCheckpoint(await hubStore(id, { ...hub, onDownload }));
  const changed = { ...checkpoint, config: { ...checkpoint.config, ...config } };
  const own = asLongformer === true ? toLongformer(changed) : changed;
  const family = await findFamily(own.config, FAMILIES);
  if (family === undefined) throw new Error(`no family of ${id}`);
  const network = await family.load(own, { architecture, inMemory: true });
  return new LoadedModel(network, undefined, attn);
}

function percent(done: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((100 * done) / total)} %`;
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
