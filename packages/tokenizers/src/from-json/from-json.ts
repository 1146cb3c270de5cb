/** A tokenizer of a tokenizer.json. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { AddedToken } from '../added-tokens.ts';
import { spaced } from '../decoders/decoder.ts';
import { rolesOf, type Definition } from '../definition.ts';
import { malformed, WHERE } from '../errors.ts';
import { BARE } from '../output/template.ts';
import { Tokenizer } from '../tokenizer.ts';
import { LONGEST_ENTRY } from '../text/trie.ts';
import { readDecoder } from './decoders.ts';
import { Fields } from './fields.ts';
import { readModel } from './models.ts';
import { readNormalizer } from './normalizers.ts';
import { readPostProcessor } from './post-processors.ts';
import { readPreTokenizer } from './pre-tokenizers.ts';

/**
 * A tokenizer of what a tokenizer.json says.
 * @param object the parsed file
 * @param config the parsed tokenizer_config.json, which names the special tokens
 * @throws AttnError `MALFORMED_FILE`; `UNSUPPORTED` for a type of component that is not known
 * @example
 * const tokenizer = tokenizerFromJson(await (await fetch('/model/tokenizer.json')).json());
 * console.log(tokenizer.encode('Call me Ishmael.').ids);
 */
export function tokenizerFromJson(object: unknown, config?: unknown): Tokenizer {
  try {
    const fields = new Fields(object, 'tokenizer.json');
    const configFields =
      config === undefined ? undefined : new Fields(config, 'tokenizer_config.json', 'config');
    return new Tokenizer(definitionOf(fields, configFields, rolesOf(specialNames(configFields))));
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    // A getter or a proxy that throws.
    const message = `object and config must be objects that can be read, got ${show(object)} and ${show(config)}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message, { cause });
  }
}

/**
 * All parts of a tokenizer.json.
 * @param config tokenizer_config.json
 * @param roles the special tokens that other files name
 */
export function definitionOf(
  fields: Fields,
  config: Fields | undefined,
  roles: Definition['roles'],
): Definition {
  const modelFields = fields.child('model');
  if (modelFields === undefined) throw fields.wrong('model', 'an object', undefined);
  const model = readModel(modelFields);
  const added =
    fields.raw('added_tokens') === undefined ? [] : fields.children('added_tokens').map(readAddedToken);
  const padding = added.find(({ content }) => content === '<pad>' || content === '[PAD]')?.content;
  const padToken = fields.child('padding')?.textOrAbsent('pad_token') ?? padding;
  return {
    ...readComponents(fields),
    added,
    model,
    cleansDecoded: cleansDecoded(config),
    roles: { ...rolesOf({ unk_token: unkOf(modelFields), pad_token: padToken }), ...roles },
    ignoresEmptyPair: true,
  };
}

/** The components around the model. Errors: `UNSUPPORTED` for an unknown type, `MALFORMED_FILE`. */
export function readComponents(
  fields: Fields,
): Pick<Definition, 'normalizer' | 'preTokenizer' | 'template' | 'trim' | 'decoder'> {
  const normalizer = fields.child('normalizer');
  const preTokenizer = fields.child('pre_tokenizer');
  const postProcessor = fields.child('post_processor');
  const decoder = fields.child('decoder');
  const { template, trim } = postProcessor === undefined ? NO_PROCESSING : readPostProcessor(postProcessor);
  return {
    normalizer: normalizer === undefined ? undefined : readNormalizer(normalizer),
    preTokenizer: preTokenizer === undefined ? undefined : readPreTokenizer(preTokenizer),
    template: template ?? BARE,
    trim,
    decoder: decoder === undefined ? spaced : readDecoder(decoder),
  };
}

/** Whether a folder's tokenizer cleans what it decodes. */
export function cleansDecoded(config: Fields | undefined): boolean {
  return config?.flag('clean_up_tokenization_spaces', false) ?? false;
}

const NO_PROCESSING = { template: undefined, trim: undefined };

/** The unknown token of the model itself. */
function unkOf(model: Fields): string | undefined {
  const name = model.raw('unk_token');
  return typeof name === 'string' ? name : undefined;
}

/** The special tokens that a tokenizer_config.json names, by the names of their fields. */
export function specialNames(config: Fields | undefined): Record<string, string> {
  const names: Record<string, string> = {};
  for (const [name, value] of config?.entries() ?? []) {
    if (!name.endsWith('_token')) continue;
    const { content = value } = Object(value) as { readonly content?: unknown };
    if (typeof content === 'string') names[name] = content;
  }
  return names;
}

/** An added token of tokenizer.json. Errors: `MALFORMED_FILE`. */
function readAddedToken(fields: Fields): AddedToken {
  const id = fields.integer('id');
  if (id === undefined) throw fields.wrong('id', 'an integer', id);
  return addedToken(fields, id, fields.flag('special', false));
}

/** An added token with the flags that an object has. Errors: `MALFORMED_FILE`. */
export function addedToken(fields: Fields, id: number, special: boolean): AddedToken {
  const content = fields.text('content');
  if (content.length > LONGEST_ENTRY)
    throw malformed(
      fields.file,
      `an added token may have ${LONGEST_ENTRY} characters, got ${content.length}`,
    );
  return {
    content,
    id,
    special,
    lstrip: fields.flag('lstrip', false),
    rstrip: fields.flag('rstrip', false),
    singleWord: fields.flag('single_word', false),
    normalized: fields.flag('normalized', !special),
  };
}
