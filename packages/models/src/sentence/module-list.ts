/** modules.json: which modules a folder of sentence-transformers has, and what its first one computes. */
import { AttnError, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { fieldOf } from '../checkpoint/config-field.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { malformedFile, readJson, readJsonList, type FileStore } from '../files/file-store.ts';

/** Names of files beside a model's own. */
export const MODULES_FILE = 'modules.json';
export const PROMPTS_FILE = 'config_sentence_transformers.json';
export const TRANSFORMER_FILE = 'sentence_bert_config.json';

/** All names of the transformer's config: the first, and those of some old folders. */
export const TRANSFORMER_FILES: readonly string[] = [
  TRANSFORMER_FILE,
  ...['roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
    (name) => `sentence_${name}_config.json`,
  ),
];

/** The forms of a module's weights, the preferred first. */
export const MODULE_WEIGHTS = ['model.safetensors', 'pytorch_model.bin'] as const;

/** Longest file that is read, in bytes. */
export const SETTINGS_LIMIT: number = 2 ** 20;

/** A name that points to no other folder: modules lie beside config.json. */
const PLAIN = /^\w[\w.-]*$/;

const WHERE = 'models/load';

/** A module after the transformer. */
export interface ListedModule {
  /** The last part of its Python path: `Pooling`. */
  readonly type: string;
  /** Its folder: `1_Pooling`. */
  readonly folder: string;
}

/** What the transformer is asked for. */
export type Task = 'states' | 'token-logits' | 'text-logits';

/** A folder's modules. */
export interface ModuleList {
  readonly task: Task;
  /** sentence_bert_config.json; empty where there is none. */
  readonly transformer: JsonObject;
  /** The modules after the transformer, in order. */
  readonly modules: readonly ListedModule[];
}

const TASKS: ReadonlyMap<unknown, Task> = new Map([
  ['feature-extraction', 'states'],
  ['fill-mask', 'token-logits'],
  ['sequence-classification', 'text-logits'],
]);

/** The class of a model for a task, from the class without a head. */
const HEADS: Readonly<Record<Task, string>> = {
  states: 'Model',
  'token-logits': 'ForMaskedLM',
  'text-logits': 'ForSequenceClassification',
};

/**
 * The modules of a folder; undefined for a folder without modules.json. Errors: `MALFORMED_FILE`,
 * `UNSUPPORTED` (modules that are not ours).
 */
export async function readModuleList(store: FileStore): Promise<ModuleList | undefined> {
  const entries = await readJsonList(store, MODULES_FILE, SETTINGS_LIMIT);
  if (entries === undefined) return undefined;
  const listed = entries.map((entry, i) => readEntry(store, entry, i)).toSorted((a, b) => a.index - b.index);
  const [first, ...modules] = listed;
  if (first === undefined) throw malformedFile(store, MODULES_FILE, 'must list at least one module');
  if (first.type !== 'Transformer' && first.type !== 'MLMTransformer')
    throw unknownModule(store, first.type, 'the first module must be a Transformer');
  if (first.folder !== '') {
    const message = `${store.name} has its Transformer in the folder ${show(first.folder)}: only a Transformer beside modules.json is read`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const transformer = await readTransformer(store);
  const task = first.type === 'MLMTransformer' ? 'token-logits' : taskOf(store, transformer);
  return { task, transformer, modules };
}

/** Whether the folder's texts become lower case before the tokenizer's own work. Errors: `MALFORMED_FILE`. */
export function lowersCase({ transformer }: ModuleList): boolean {
  return new ConfigReader(transformer, TRANSFORMER_FILE).flag('do_lower_case', false);
}

/** The error of a module that is not ours. */
export function unknownModule(store: FileStore, type: string, rule: string): AttnError {
  const message = `${store.name} has the module ${show(type)}: ${rule}; modules: false loads the model without its modules`;
  return new AttnError('UNSUPPORTED', WHERE, message);
}

/**
 * The class that the folder's transformer is loaded as, where config.json names another:
 * sentence-transformers takes the model without a head for vectors, whatever head the files have. Undefined
 * where it is that of config.json.
 */
export function classFor(task: Task, config: JsonObject): string | undefined {
  const classes = fieldOf(config, 'architectures');
  const [own]: readonly unknown[] = Array.isArray(classes) ? classes : [];
  if (typeof own !== 'string') return undefined;
  if (own === 'LinformerLM' && task === 'states') return 'Linformer';
  const head = /(?:For[A-Z]\w*|(?:Model)?With[A-Z]\w*|LMHeadModel|Model)$/.exec(own)?.[0];
  if (head === undefined || head === HEADS[task]) return undefined;
  // Gemma 3 has a class of its own for texts.
  const stem = own.slice(0, -head.length);
  const isText = task === 'states' && String(fieldOf(config, 'model_type')).endsWith('_text');
  return `${stem}${isText && !stem.endsWith('Text') ? 'Text' : ''}${HEADS[task]}`;
}

/** Classes of encoders, by `model_type`, whose models have a decoder, too. */
const ENCODERS: ReadonlyMap<unknown, string> = new Map([
  ['led', 'LEDEncoder'],
  ['bart', 'BartEncoder'],
]);

/**
 * The class that a model is loaded as for the states of a text's tokens: that without a head, and without a
 * decoder. Undefined where it is that of config.json.
 */
export function encoderClass(config: JsonObject): string | undefined {
  return ENCODERS.get(fieldOf(config, 'model_type')) ?? classFor('states', config);
}

function readEntry(store: FileStore, entry: unknown, i: number): ListedModule & { readonly index: number } {
  const wrong = (field: string, expected: string, got: unknown): AttnError =>
    malformedFile(store, MODULES_FILE, `must have ${expected} as ${field} of module ${i}, got ${show(got)}`);
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw malformedFile(store, MODULES_FILE, `must list objects, got ${show(entry)} at [${i}]`);
  const { idx = i, path, type } = entry as Partial<Record<string, unknown>>;
  if (typeof type !== 'string') throw wrong('type', 'a Python path', type);
  if (typeof path !== 'string' || (path !== '' && !PLAIN.test(path)))
    throw wrong('path', 'the name of a folder beside it', path);
  if (typeof idx !== 'number') throw wrong('idx', 'a number', idx);
  return { index: idx, type: type.split('.').at(-1) ?? type, folder: path };
}

/** The first of the files that a transformer's config may be; empty where there is none. */
async function readTransformer(store: FileStore): Promise<JsonObject> {
  for (const file of TRANSFORMER_FILES) {
    const config = await readJson(store, file, SETTINGS_LIMIT);
    if (config !== undefined) return config;
  }
  return {};
}

function taskOf(store: FileStore, transformer: JsonObject): Task {
  const name =
    new ConfigReader(transformer, TRANSFORMER_FILE).field('transformer_task') ?? 'feature-extraction';
  const task = TASKS.get(name);
  if (task !== undefined) return task;
  const message = `${TRANSFORMER_FILE} of ${store.name} has the transformer_task ${show(name)}; known are ${[...TASKS.keys()].join(', ')}`;
  throw new AttnError('UNSUPPORTED', WHERE, message);
}
