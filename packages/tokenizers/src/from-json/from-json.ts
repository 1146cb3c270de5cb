/** A tokenizer of a tokenizer.json. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import type { AddedToken } from '../added-tokens.ts';
import { spaced } from '../decoders/decoder.ts';
import { rolesOf, type Definition } from '../definition.ts';
import { WHERE } from '../errors.ts';
import { bertNormalizer } from '../normalizers/bert.ts';
import type { Normalizer } from '../normalizers/normalizer.ts';
import { BARE } from '../output/template.ts';
import { byteLevel } from '../pre-tokenizers/byte-level.ts';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import { Tokenizer } from '../tokenizer.ts';
import type { ConfigFiles } from './config-files.ts';
import { readDecoder } from './decoders.ts';
import { familyOf } from './families.ts';
import { Fields } from './fields.ts';
import { readModel } from './models.ts';
import { readNormalizer } from './normalizers.ts';
import { overridesOf, type Overrides } from './overrides.ts';
import { readPostProcessor, type PostProcessing } from './post-processors.ts';
import { readPreTokenizer } from './pre-tokenizers.ts';
import { SPECIAL_DEFAULTS } from './special-defaults.ts';
import { addedToken, readSpecialTokens } from './special-tokens.ts';

/**
 * A tokenizer of what a tokenizer.json says.
 * @param object the parsed file
 * @param config the parsed tokenizer_config.json, which names the special tokens, adds tokens and may change
 *   options
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
    return new Tokenizer(definitionOf(fields, { config: configFields }));
  } catch (cause) {
    if (cause instanceof AttnError) throw cause;
    // A getter or a proxy that throws.
    const message = `object and config must be objects that can be read, got ${show(object)} and ${show(config)}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message, { cause });
  }
}

/** All parts of a tokenizer.json and of the files beside it. */
export function definitionOf(fields: Fields, files: ConfigFiles): Definition {
  const modelFields = fields.child('model');
  if (modelFields === undefined) throw fields.wrong('model', 'an object', undefined);
  const model = readModel(modelFields);
  const own =
    fields.raw('added_tokens') === undefined ? [] : fields.children('added_tokens').map(readAddedToken);
  const padding = own.find(({ content }) => content === '<pad>' || content === '[PAD]')?.content;
  const padToken = fields.child('padding')?.textOrAbsent('pad_token') ?? padding;
  const family = familyOf(files);
  const defaults = {
    roles: {
      ...(family && SPECIAL_DEFAULTS[family.name].roles),
      ...rolesOf({ unk_token: unkOf(modelFields), pad_token: padToken }),
    },
    maskTakesSpace: false,
  };
  const { added, roles } = readSpecialTokens(files, model.vocabulary, defaults, own);
  return {
    ...readComponents(fields, overridesOf(files)),
    added,
    model,
    roles,
    cleansDecoded: cleansDecoded(files.config),
    ignoresEmptyPair: true,
  };
}

/** The components around the model. Errors: `UNSUPPORTED` for an unknown type, `MALFORMED_FILE`. */
export function readComponents(
  fields: Fields,
  overrides: Overrides = {},
): Pick<Definition, 'normalizer' | 'preTokenizer' | 'template' | 'trim' | 'decoder'> {
  const { template, trim } = postProcessing(fields.child('post_processor'), overrides);
  const decoder = fields.child('decoder');
  return {
    normalizer: normalizerOf(fields.child('normalizer'), overrides),
    preTokenizer: preTokenizerOf(fields.child('pre_tokenizer'), overrides),
    template: template ?? BARE,
    trim,
    decoder: decoder === undefined ? spaced : readDecoder(decoder),
  };
}

function normalizerOf(fields: Fields | undefined, { bert }: Overrides): Normalizer | undefined {
  if (fields === undefined) return undefined;
  if (bert === undefined || fields.raw('type') !== 'BertNormalizer') return readNormalizer(fields);
  return bertNormalizer({ cleanText: fields.flag('clean_text', true), ...bert });
}

function preTokenizerOf(fields: Fields | undefined, { addPrefixSpace }: Overrides): PreTokenizer | undefined {
  if (fields === undefined) return undefined;
  if (addPrefixSpace === undefined || fields.raw('type') !== 'ByteLevel') return readPreTokenizer(fields);
  return byteLevel({ addPrefixSpace, useRegex: fields.flag('use_regex', true) });
}

function postProcessing(fields: Fields | undefined, overrides: Overrides): PostProcessing {
  if (fields === undefined) return { template: undefined, trim: undefined };
  const result = readPostProcessor(fields);
  const { addPrefixSpace = false, trimOffsets } = overrides;
  const trims = fields.raw('type') === 'RobertaProcessing' || fields.raw('type') === 'ByteLevel';
  if (trimOffsets === undefined || !trims) return result;
  return { ...result, trim: trimOffsets ? { addPrefixSpace } : undefined };
}

/** Whether a folder's tokenizer cleans what it decodes. */
export function cleansDecoded(config: Fields | undefined): boolean {
  return config?.flag('clean_up_tokenization_spaces', false) ?? false;
}

/** The unknown token of the model itself. */
function unkOf(model: Fields): string | undefined {
  const name = model.raw('unk_token');
  return typeof name === 'string' ? name : undefined;
}

/** An added token of tokenizer.json. Errors: `MALFORMED_FILE`. */
function readAddedToken(fields: Fields): AddedToken {
  const id = fields.integer('id');
  if (id === undefined) throw fields.wrong('id', 'an integer', id);
  return addedToken(fields, id, fields.flag('special', false));
}
