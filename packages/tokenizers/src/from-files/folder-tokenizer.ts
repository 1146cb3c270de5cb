/**
 * A folder without a tokenizer.json, as it was read: the components around the model as a tokenizer.json
 * writes them, the parts as this package runs them, and the source of the model.
 */
import type { JsonObject } from '@attn/core';
import type { Definition } from '../definition.ts';
import { readComponents } from '../from-json/from-json.ts';
import { Fields } from '../from-json/fields.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import type { WordPieceOptions } from '../models/word-piece.ts';
import type { SentencepieceModel } from './model-proto.ts';

/** What a folder comes to. */
export interface FolderTokenizer {
  /** Components that run here as a tokenizer.json writes them. */
  readonly components: Components;
  /** The other parts, and those that run here in a way that a tokenizer.json cannot say. */
  readonly own: Pick<Definition, 'added' | 'model' | 'roles' | 'cleansDecoded'> & Partial<Definition>;
  /** What a tokenizer.json is written of beside the components. */
  readonly source: ModelSource;
}

/** Components of a tokenizer.json around its model. */
export interface Components extends JsonObject {
  readonly normalizer?: JsonObject;
  readonly pre_tokenizer?: JsonObject;
  readonly post_processor: JsonObject | null;
  readonly decoder: JsonObject;
}

/** What a model was made of. */
export type ModelSource =
  | {
      readonly kind: 'bpe';
      readonly vocabulary: Vocabulary;
      readonly merges: readonly (readonly [string, string])[];
    }
  | { readonly kind: 'word-piece'; readonly options: WordPieceOptions }
  | SentencepieceSource;

/** A sentencepiece model, and the ids that a class gives to its pieces. */
export interface SentencepieceSource {
  readonly kind: 'sentencepiece';
  readonly proto: SentencepieceModel;
  readonly vocabulary: Vocabulary;
  readonly unkId: number | undefined;
  /** The name of its file. */
  readonly file: string;
}

/** The definition of a folder's tokenizer. */
export function definitionOfFolder({ components, own }: FolderTokenizer): Definition {
  return { ...readComponents(new Fields(components, 'tokenizer.json')), ignoresEmptyPair: false, ...own };
}
