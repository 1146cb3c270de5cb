/** BERT, DistilBERT and MPNet: vocab.txt, WordPiece. */
import type { JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { CLEANINGS } from '../decoders/decoder.ts';
import { malformed } from '../errors.ts';
import type { Fields } from '../from-json/fields.ts';
import { cleansDecoded } from '../from-json/from-json.ts';
import { SPECIAL_DEFAULTS } from '../from-json/special-defaults.ts';
import { readSpecialTokens } from '../from-json/special-tokens.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { WordPiece, type WordPieceOptions } from '../models/word-piece.ts';
import { bertTemplate, mpnetTemplate } from '../output/template.ts';
import type { Folder } from './folder.ts';
import type { FolderTokenizer } from './folder-tokenizer.ts';
import { templateProcessing } from './template-processing.ts';

/** What stands before tokens inside of a word. */
const PREFIX = '##';

/** Reads such a folder. Errors: `MISSING_INPUT`, `MALFORMED_FILE`. */
export function readBert(folder: Folder, kind: 'bert' | 'mpnet'): FolderTokenizer {
  const vocabulary = readVocabulary(folder.text('vocab.txt'));
  const files = folder.configFiles();
  const { config } = files;
  const defaults = SPECIAL_DEFAULTS[kind];
  const unk = config?.raw('unk_token');
  const unkToken = typeof unk === 'string' ? unk : (defaults.roles.unk ?? '');
  const unkId = vocabulary.tokenToId(unkToken);
  if (unkId === undefined)
    throw malformed('vocab.txt', `it must have a line ${show(unkToken)} for unknown words`);
  const options: WordPieceOptions = { vocabulary, unkId, continuingPrefix: PREFIX, maxCharacters: 100 };
  const { added, roles, token } = readSpecialTokens(files, vocabulary, defaults);
  const template = kind === 'mpnet' ? mpnetTemplate : bertTemplate;
  return {
    components: {
      normalizer: normalizerOf(config, vocabulary),
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: templateProcessing(template, token('cls'), token('sep')),
      decoder: decoderOf(config),
    },
    own: { added, model: new WordPiece(options), roles, cleansDecoded: cleansDecoded(config) },
    source: { kind: 'word-piece', options },
  };
}

/** One token a line; of a repeated one the last line counts. */
function readVocabulary(text: string): Vocabulary {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return new Vocabulary(new Map(lines.map((line, id) => [line, id])));
}

function normalizerOf(config: Fields | undefined, vocabulary: Vocabulary): JsonObject {
  const flag = (name: string, fallback: boolean) => config?.flag(name, fallback) ?? fallback;
  return {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: flag('tokenize_chinese_chars', true),
    strip_accents: config?.raw('strip_accents') === undefined ? null : flag('strip_accents', true),
    lowercase: config === undefined ? !isCased(vocabulary) : config.flag('do_lower_case', true),
  };
}

/**
 * Whether a vocabulary has words that lower-casing would change, and so make useless. Special tokens are in
 * brackets: `[CLS]`, `<s>`.
 */
function isCased(vocabulary: Vocabulary): boolean {
  for (const [token] of vocabulary.entries())
    if (!/^(?:\[.*\]|<.*>)$/su.test(token) && token !== token.toLowerCase()) return true;
  return false;
}

/** The decoder also cleans the whole text, unless tokenizer_config.json says whether that is done. */
function decoderOf(config: Fields | undefined): JsonObject {
  const words = { type: 'WordPiece', prefix: PREFIX, cleanup: true };
  if (config?.raw('clean_up_tokenization_spaces') !== undefined) return words;
  const replacements = CLEANINGS.map(([text, content]) => ({
    type: 'Replace',
    pattern: { String: text },
    content,
  }));
  return { type: 'Sequence', decoders: [words, { type: 'Fuse' }, ...replacements] };
}
