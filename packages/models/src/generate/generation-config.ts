/**
 * What a model's files say about generation: generation_config.json, or in older folders fields of
 * config.json; and for a single task, `task_specific_params` of config.json.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { SEARCH_KINDS, type SearchOptions } from './options.ts';
import { readSearchSettings, type SearchSettings } from './settings.ts';

/** The name of the file. */
export const GENERATION_FILE = 'generation_config.json';

/** Defaults of one file, and its name. */
export interface GenerationFile {
  readonly name: string;
  readonly json: JsonObject;
}

/** What files say about generation. */
export interface GenerationDefaults {
  readonly file: GenerationFile;
  /** `task_specific_params` of config.json, by task. */
  readonly tasks: JsonObject;
}

/** Fields that are read, with the names that the files have for them. `seed` is in no file. */
const FIELDS: readonly (readonly [field: string, option: keyof SearchOptions])[] = [
  ...(Object.keys(SEARCH_KINDS) as (keyof SearchOptions)[])
    .filter((name) => name !== 'stop' && name !== 'seed')
    .map((name) => [name, name] as const),
  ['stop_strings', 'stop'],
];

/** Fields that would change the result, and the values with which they do nothing. */
const UNKNOWN: Readonly<Record<string, readonly unknown[]>> = {
  constraints: [],
  diversity_penalty: [0],
  dola_layers: [],
  encoder_no_repeat_ngram_size: [0],
  encoder_repetition_penalty: [1],
  exponential_decay_length_penalty: [],
  force_words_ids: [],
  forced_decoder_ids: [],
  guidance_scale: [1],
  max_time: [],
  num_beam_groups: [1],
  penalty_alpha: [0],
  renormalize_logits: [false],
  sequence_bias: [],
  watermarking_config: [],
};

/** Fields as those of `UNKNOWN` that count only where tokens are drawn. */
const UNKNOWN_OF_DRAWING: Readonly<Record<string, readonly unknown[]>> = {
  epsilon_cutoff: [0],
  eta_cutoff: [0],
  min_p: [0],
  top_h: [],
  typical_p: [1],
};

/**
 * What the files say, of which `generation` is generation_config.json. Its fields are checked by those who
 * generate. Errors: `MALFORMED_FILE`.
 */
export function generationDefaults(
  config: JsonObject,
  generation: JsonObject | undefined,
): GenerationDefaults {
  const file = generation
    ? { name: GENERATION_FILE, json: generation }
    : { name: 'config.json', json: config };
  const tasks = new ConfigReader(config).object('task_specific_params') ?? {};
  return { file, tasks };
}

/**
 * The defaults for a model, and for a task where there is one. `options` are those of the call: fields that
 * are unknown here are refused if they count. Errors: `MALFORMED_FILE`, `UNSUPPORTED`.
 */
export function defaultsOf(
  where: string,
  { file, tasks }: GenerationDefaults,
  options: SearchSettings,
  { task, vocabSize }: { readonly task: string | undefined; readonly vocabSize: number },
): SearchSettings {
  const name = `task_specific_params of config.json for ${task}`;
  const own = task === undefined ? undefined : new ConfigReader(tasks, name).object(task);
  const files = [file, ...(own === undefined ? [] : [{ name, json: own }])];
  const defaults: SearchSettings = Object.assign({}, ...files.map((each) => readFile(each, vocabSize)));
  const draws = options.do_sample ?? defaults.do_sample ?? false;
  for (const { name: fileName, json } of files) {
    const reader = new ConfigReader(json, fileName);
    for (const [field, idle] of Object.entries(draws ? { ...UNKNOWN, ...UNKNOWN_OF_DRAWING } : UNKNOWN)) {
      const value = reader.field(field);
      if (value === undefined || idle.includes(value)) continue;
      const message = `${fileName} has ${field} ${show(value)}, which this library does not know`;
      throw new AttnError('UNSUPPORTED', where, message);
    }
  }
  return defaults;
}

/** The prefix that a task puts before its texts; empty where no file has one. Errors: `MALFORMED_FILE`. */
export function prefixOfTask({ tasks }: GenerationDefaults, config: JsonObject, task: string): string {
  const reader = new ConfigReader(new ConfigReader(tasks, 'task_specific_params').object(task) ?? {});
  const prefix = reader.field('prefix') ?? new ConfigReader(config).field('prefix') ?? '';
  if (typeof prefix === 'string') return prefix;
  throw reader.wrong('prefix', 'a text', prefix);
}

/** Reads the fields of a file. Errors: `MALFORMED_FILE`. */
function readFile({ name, json }: GenerationFile, vocabSize: number): SearchSettings {
  const reader = new ConfigReader(json, name);
  const values: Partial<Record<keyof SearchOptions, unknown>> = {};
  for (const [field, option] of FIELDS) {
    const value = reader.field(field);
    if (value === undefined) continue;
    const kind = SEARCH_KINDS[option];
    if (!kind.test(value)) throw reader.wrong(field, kind.expected, value);
    values[option] = value;
  }
  try {
    return readSearchSettings('models/config', values as SearchOptions, vocabSize);
  } catch (cause) {
    if (!(cause instanceof AttnError)) throw cause;
    throw new AttnError('MALFORMED_FILE', 'models/config', `${name}: ${cause.sentence}`, { cause });
  }
}
