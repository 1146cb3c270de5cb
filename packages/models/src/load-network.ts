/** Loads the network of a model: what runs, without what reads its texts. */
import { AttnError, type ExactActivationForm, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import type { autoDtype } from './checkpoint/auto-dtype.ts';
import type { WeightsSource } from './checkpoint/checkpoint.ts';
import { refuseForeignCode } from './checkpoint/foreign-code.ts';
import { loadedForms } from './checkpoint/loaded-forms.ts';
import { activationsOf, type WeightDtype } from './checkpoint/weight-dtype.ts';
import { FAMILIES, findFamily } from './families.ts';
import type { FileStore } from './files/file-store.ts';
import { openCheckpoint } from './files/open-checkpoint.ts';
import type { LoadOptions } from './load-options.ts';
import type { Model, ModelFamily } from './model.ts';
import { classFor, encoderClass, readModuleList, type ModuleList } from './sentence/module-list.ts';

const WHERE = 'models/load';

/** Options of `loadNetwork`. */
export interface NetworkOptions extends Omit<LoadOptions, 'attn'> {
  /** How the backends read the inputs of layers of codes fastest. Default: nothing is known of backends. */
  readonly fastestInputs?: ExactActivationForm | undefined;
}

/** A network, and what its files say of it. */
export interface LoadedNetwork {
  readonly model: Model;
  readonly family: ModelFamily;
  readonly config: JsonObject;
  /** What `modules.json` lists, where it counts. */
  readonly modules: ModuleList | undefined;
  readonly weights: WeightsSource | undefined;
}

/** Loads the network of a store, with checked options. Errors: those of `loadModel`. */
export async function loadNetwork(store: FileStore, options: NetworkOptions): Promise<LoadedNetwork> {
  const {
    families = FAMILIES,
    modules: hasModules = true,
    for: ability,
    head = ability !== 'encode',
    fastestInputs,
    ...rest
  } = options;
  const checkpoint = await openCheckpoint(store);
  try {
    refuseForeignCode(checkpoint);
    const modules = hasModules ? await readModuleList(store) : undefined;
    const family = await findFamily(checkpoint.config, families);
    if (family === undefined) {
      const names = families.map(({ name }) => name).join(', ');
      const message = `${store.name} has the model_type ${show(checkpoint.config.model_type)}; known are ${names}`;
      throw new AttnError('UNSUPPORTED', WHERE, message);
    }
    const { config, weights } = checkpoint;
    const ownClass = modules ? classFor(modules.task, config) : head ? undefined : encoderClass(config);
    const architecture = rest.architecture ?? ownClass;
    const slots = family.slots(checkpoint, architecture);
    const dtype = rest.dtype === 'auto' ? await dtypeOf(checkpoint, slots) : rest.dtype;
    const activations =
      rest.activations ?? (fastestInputs === undefined ? 'f32' : activationsOf(fastestInputs));
    const forms = loadedForms(checkpoint, slots, dtype, activations);
    const model = await family.load(checkpoint, { ...rest, architecture, dtype, activations });
    return { model, family, config, modules, weights: weights && { ...weights, forms } };
  } finally {
    await checkpoint.dispose();
  }
}

/** What `dtype: 'auto'` stands for. Its rule is loaded when somebody asks for it. */
async function dtypeOf(...place: Parameters<typeof autoDtype>): Promise<WeightDtype | undefined> {
  return (await import('./checkpoint/auto-dtype.ts')).autoDtype(...place);
}
