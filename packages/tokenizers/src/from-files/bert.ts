/** BERT, DistilBERT and MPNet: vocab.txt, WordPiece. */
import { show } from '@attn/core/backend';
import { wordPieceDecoder } from '../decoders/decoder.ts';
import type { Definition } from '../definition.ts';
import { malformed } from '../errors.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { WordPiece } from '../models/word-piece.ts';
import { bertNormalizer } from '../normalizers/bert.ts';
import { bertTemplate, robertaTemplate } from '../output/template.ts';
import { bertPreTokenizer } from '../pre-tokenizers/split.ts';
import { cleansDecoded } from '../from-json/from-json.ts';
import type { Folder } from './folder.ts';
import { BERT_TOKENS, MPNET_TOKENS } from '../from-json/families.ts';
import { readSpecialTokens } from '../from-json/special-tokens.ts';

/** Reads such a folder. Errors: `MISSING_INPUT`, `MALFORMED_FILE`. */
export function readBert(folder: Folder, isMpnet: boolean): Definition {
  const vocabulary = readVocabulary(folder.text('vocab.txt'));
  const config = folder.json('tokenizer_config.json');
  const lowercase = config === undefined ? !isCased(vocabulary) : config.flag('do_lower_case', true);
  const defaults = isMpnet ? MPNET_TOKENS : BERT_TOKENS;
  const unkToken = config?.raw('unk_token');
  const unk = typeof unkToken === 'string' ? unkToken : (defaults.roles.unk ?? '');
  const unkId = vocabulary.tokenToId(unk);
  if (unkId === undefined) throw malformed('vocab.txt', `it must have a line ${show(unk)} for unknown words`);
  const model = new WordPiece({ vocabulary, unkId, continuingPrefix: '##', maxCharacters: 100 });
  const { added, roles } = readSpecialTokens(folder.configFiles(), model, defaults);
  const idOf = (content = '') => added.find((token) => token.content === content)?.id ?? 0;
  const template = isMpnet ? robertaTemplate : bertTemplate;
  return {
    added,
    normalizer: bertNormalizer({
      cleanText: true,
      handleChineseChars: config?.flag('tokenize_chinese_chars', true) ?? true,
      stripAccents: config?.flag('strip_accents', lowercase) ?? lowercase,
      lowercase,
    }),
    preTokenizer: bertPreTokenizer(),
    model,
    template: template(idOf(roles.cls), idOf(roles.sep)),
    trim: undefined,
    decoder: wordPieceDecoder('##', true),
    cleansDecoded: cleansDecoded(config, true),
    roles,
    ignoresEmptyPair: false,
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

/** One token a line; of a repeated one the last line counts. */
function readVocabulary(text: string): Vocabulary {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return new Vocabulary(new Map(lines.map((line, id) => [line, id])));
}
