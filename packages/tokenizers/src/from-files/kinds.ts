/** Which tokenizer a folder asks for: the class that its configuration names, or that its model has. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';
import { unsupported, WHERE } from '../errors.ts';
import type { Folder } from './folder.ts';

/** The tokenizers that are made of folders by rule. */
export type Kind = 'roberta' | 'bert' | 'mpnet' | 'reformer' | 'big-bird' | 'xlm-roberta' | 'camembert';

const CLASSES: Readonly<Record<string, Kind>> = {
  RobertaTokenizer: 'roberta',
  LongformerTokenizer: 'roberta',
  BartTokenizer: 'roberta',
  LEDTokenizer: 'roberta',
  BertTokenizer: 'bert',
  DistilBertTokenizer: 'bert',
  MPNetTokenizer: 'mpnet',
  ReformerTokenizer: 'reformer',
  BigBirdTokenizer: 'big-bird',
  XLMRobertaTokenizer: 'xlm-roberta',
  CamembertTokenizer: 'camembert',
};

const MODEL_TYPES: Readonly<Record<string, Kind>> = {
  roberta: 'roberta',
  longformer: 'roberta',
  bart: 'roberta',
  led: 'roberta',
  bert: 'bert',
  distilbert: 'bert',
  mpnet: 'mpnet',
  reformer: 'reformer',
  big_bird: 'big-bird',
  'xlm-roberta': 'xlm-roberta',
  camembert: 'camembert',
};

/** The tokenizer of a folder; undefined where it is none of these. Errors: `MALFORMED_FILE`. */
export function knownKind(folder: Folder): Kind | undefined {
  const className = classOf(folder);
  if (className !== undefined) return entryOf(CLASSES, className.replace(/Fast$/, ''));
  const modelType = modelTypeOf(folder);
  return modelType === undefined ? undefined : entryOf(MODEL_TYPES, modelType);
}

/** The tokenizer of a folder. Errors: `UNSUPPORTED` for a class that is not known, `MISSING_INPUT`. */
export function kindOf(folder: Folder): Kind {
  const kind = knownKind(folder);
  if (kind !== undefined) return kind;
  const className = classOf(folder);
  if (className !== undefined)
    throw unsupported('tokenizer_config.json', `tokenizer_class ${show(className)} needs a tokenizer.json`);
  const modelType = modelTypeOf(folder);
  if (modelType !== undefined)
    throw unsupported('config.json', `model_type ${show(modelType)} needs a tokenizer.json`);
  const message =
    'config.json with a model_type, tokenizer_config.json with a tokenizer_class or tokenizer.json is missing';
  throw new AttnError('MISSING_INPUT', WHERE, message);
}

function classOf(folder: Folder): string | undefined {
  return folder.json('tokenizer_config.json')?.textOrAbsent('tokenizer_class');
}

function modelTypeOf(folder: Folder): string | undefined {
  return folder.json('config.json')?.textOrAbsent('model_type');
}

function entryOf(table: Readonly<Record<string, Kind>>, name: string): Kind | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
