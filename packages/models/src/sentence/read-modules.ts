/** The modules after the transformer, from their folders. */
import { AttnError, type JsonObject, type Tensor } from '@attn/core';
import { halfToFloat32, show } from '@attn/core/backend';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { absentError, malformedFile, readJson, type FileStore } from '../files/file-store.ts';
import {
  MODULE_WEIGHTS,
  SETTINGS_LIMIT,
  unknownModule,
  type ListedModule,
  type ModuleList,
} from './module-list.ts';
import { POOLING_MODES, type PoolingMode } from './pooling.ts';
import type { SparsePipeline, VectorPipeline } from './settings.ts';
import type { SpladePooling } from './splade.ts';
import type { DenseActivation, VectorModule } from './vector-modules.ts';

const WHERE = 'models/load';

/** The keys of old files, in the order of `POOLING_MODES`. */
const OLD_KEYS: Readonly<Record<PoolingMode, string>> = {
  cls: 'pooling_mode_cls_token',
  max: 'pooling_mode_max_tokens',
  mean: 'pooling_mode_mean_tokens',
  mean_sqrt_len_tokens: 'pooling_mode_mean_sqrt_len_tokens',
  weightedmean: 'pooling_mode_weightedmean_tokens',
  lasttoken: 'pooling_mode_lasttoken',
};

/** Functions by the last part of their Python paths. */
const ACTIVATIONS: ReadonlyMap<string, DenseActivation> = new Map([
  ['Identity', 'identity'],
  ['Tanh', 'tanh'],
  ['ReLU', 'relu'],
  ['GELU', 'gelu'],
  ['Sigmoid', 'sigmoid'],
  ['SiLU', 'silu'],
]);

/**
 * How a folder makes vectors of the transformer's output. Errors: `MALFORMED_FILE`, `FILE_NOT_FOUND`,
 * `UNSUPPORTED`, `INVALID_DTYPE`.
 */
export async function readPipeline(
  store: FileStore,
  { task, modules }: ModuleList,
): Promise<VectorPipeline | SparsePipeline> {
  const computed = modules.filter(({ type }) => type !== 'Dropout');
  const [first, ...rest] = computed;
  if (task === 'token-logits') {
    if (first?.type !== 'SpladePooling' || rest.length > 0)
      throw unknownModule(
        store,
        (first?.type === 'SpladePooling' ? rest[0] : first)?.type ?? '',
        'a masked language model is followed by a SpladePooling alone',
      );
    return { kind: 'sparse', splade: readSplade(store, await configOf(store, first)) };
  }
  if (first?.type !== 'Pooling')
    throw unknownModule(store, first?.type ?? '', 'the Transformer must be followed by a Pooling');
  const reader = await configOf(store, first);
  const vectorModules: VectorModule[] = [];
  for (const module of rest) vectorModules.push(await readModule(store, module));
  return {
    kind: 'vectors',
    pooling: readPooling(reader),
    includePrompt: reader.flag('include_prompt', true),
    modules: vectorModules,
  };
}

async function configOf(store: FileStore, { type, folder }: ListedModule): Promise<ConfigReader> {
  const file = `${folder}/config.json`;
  const config: JsonObject | undefined =
    folder === '' ? undefined : await readJson(store, file, SETTINGS_LIMIT);
  if (config === undefined) throw absentError(store, `no config of the module ${type}, ${file}`, [file]);
  return new ConfigReader(config, file);
}

function readPooling(reader: ConfigReader): readonly PoolingMode[] {
  const value = reader.field('pooling_mode');
  if (value !== undefined) {
    const names: readonly unknown[] = Array.isArray(value) ? value : [value];
    const modes = names.map((name) => POOLING_MODES.find((mode) => mode === name));
    if (modes.length > 0 && modes.every((mode) => mode !== undefined)) return modes;
    throw reader.wrong('pooling_mode', `one of ${POOLING_MODES.join(', ')}, or a list of them`, value);
  }
  const modes = POOLING_MODES.filter((mode) => reader.flag(OLD_KEYS[mode], false));
  return modes.length > 0 ? modes : ['mean'];
}

function readSplade(store: FileStore, reader: ConfigReader): SpladePooling {
  const activation = reader.field('activation_function') ?? 'relu';
  if (activation !== 'relu' && activation !== 'log1p_relu') {
    const message = `SpladePooling of ${store.name} has the activation_function ${show(activation)}; known are relu, log1p_relu`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  return {
    strategy: reader.oneOf('pooling_strategy', ['max', 'sum'], 'max'),
    logarithms: activation === 'relu' ? 1 : 2,
  };
}

async function readModule(store: FileStore, module: ListedModule): Promise<VectorModule> {
  switch (module.type) {
    case 'Normalize':
      return { kind: 'normalize' };
    case 'LayerNorm': {
      const width = (await configOf(store, module)).integer('dimension', { least: 1 });
      const [weight, bias] = await tensorsOf(store, module, { 'norm.weight': [width], 'norm.bias': [width] });
      return { kind: 'layer-norm', weight, bias };
    }
    case 'Dense':
      return readDense(store, module);
    default:
      throw unknownModule(
        store,
        module.type,
        'known are Pooling, Dense, LayerNorm, Normalize, Dropout, SpladePooling',
      );
  }
}

async function readDense(store: FileStore, module: ListedModule): Promise<VectorModule> {
  const reader = await configOf(store, module);
  for (const name of ['module_input_name', 'module_output_name']) {
    const value = reader.field(name) ?? 'sentence_embedding';
    if (value === 'sentence_embedding') continue;
    const message = `${module.folder}/config.json of ${store.name} has the ${name} ${show(value)}; known is sentence_embedding`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const path = reader.field('activation_function') ?? 'torch.nn.modules.activation.Tanh';
  const activation = ACTIVATIONS.get(String(path).split('.').at(-1) ?? '');
  if (activation === undefined) {
    const message = `${module.folder}/config.json of ${store.name} has the activation_function ${show(path)}; known are ${[...ACTIVATIONS.keys()].join(', ')}`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const [inputs, outputs] = ['in_features', 'out_features'].map((name) => reader.integer(name, { least: 1 }));
  const [weight, bias] = await tensorsOf(store, module, {
    'linear.weight': [outputs, inputs],
    ...(reader.flag('bias', true) && { 'linear.bias': [outputs] }),
  });
  return { kind: 'dense', weight, bias, activation };
}

/** The tensors of a module, in the order of these shapes. */
async function tensorsOf(
  store: FileStore,
  { type, folder }: ListedModule,
  shapes: Readonly<Record<string, readonly number[]>>,
): Promise<readonly Tensor<'f32'>[]> {
  const names = MODULE_WEIGHTS.map((name) => `${folder}/${name}`);
  const file = (await store.has(names[0])) ? names[0] : (await store.has(names[1])) ? names[1] : undefined;
  if (file === undefined)
    throw absentError(store, `no weights of the module ${type}, ${names[0]}`, [names[0]]);
  const tensors = await store.tensors(file);
  try {
    const result: Tensor<'f32'>[] = [];
    for (const [name, shape] of Object.entries(shapes)) {
      const got = tensors.has(name) ? tensors.spec(name).shape : undefined;
      if (show(got) !== show(shape))
        throw malformedFile(
          store,
          file,
          `must have ${name} ${show(shape)}, got ${got === undefined ? 'none' : show(got)}`,
        );
      result.push(asFloats(store, file, name, await tensors.tensor(name)));
    }
    return result;
  } finally {
    await tensors.dispose();
  }
}

function asFloats(
  store: FileStore,
  file: string,
  name: string,
  { dtype, shape, data }: Tensor,
): Tensor<'f32'> {
  if (dtype === 'f32') return { dtype, shape, data: data as Float32Array };
  if (dtype === 'f16') return { dtype: 'f32', shape, data: halfToFloat32(data as Uint16Array) };
  throw malformedFile(store, file, `must have numbers in ${name}, got ${dtype}`);
}
