/** RoBERTa, Longformer, BART and LED: vocab.json and merges.txt, byte-level BPE. */
import { byteLevelDecoder } from '../decoders/decoder.ts';
import type { Definition } from '../definition.ts';
import { malformed } from '../errors.ts';
import { mergeTables, readIds } from '../from-json/models.ts';
import { Bpe } from '../models/bpe.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { robertaTemplate } from '../output/template.ts';
import { byteLevel } from '../pre-tokenizers/byte-level.ts';
import { isInUtf8, LETTERS } from '../text/byte-letters.ts';
import { parseJson } from '../from-json/fields.ts';
import { cleansDecoded } from '../from-json/from-json.ts';
import type { Folder } from './folder.ts';
import { ROBERTA_TOKENS } from '../from-json/families.ts';
import { readSpecialTokens } from '../from-json/special-tokens.ts';

/** Reads such a folder. Errors: `MISSING_INPUT`, `MALFORMED_FILE`. */
export function readRoberta(folder: Folder): Definition {
  const vocabulary = new Vocabulary(readIds(parseJson(folder.text('vocab.json'), 'vocab.json')));
  const missing = LETTERS.filter(
    (letter, byte) => isInUtf8(byte) && vocabulary.tokenToId(letter) === undefined,
  );
  if (missing.length > 0) {
    const message = `it must have a token for each byte, and lacks ${missing.length}: ${missing.slice(0, 8).join(' ')}`;
    throw malformed('vocab.json', message);
  }
  const model = new Bpe({ vocabulary, ...mergeTables(vocabulary, readMerges(folder), '', 'merges.txt') });
  const addPrefixSpace = folder.json('tokenizer_config.json')?.flag('add_prefix_space', false) ?? false;
  const { added, roles } = readSpecialTokens(folder.configFiles(), model, ROBERTA_TOKENS);
  const idOf = (content = '') => added.find((token) => token.content === content)?.id ?? 0;
  return {
    added,
    normalizer: undefined,
    preTokenizer: byteLevel({ addPrefixSpace, useRegex: true }),
    model,
    template: robertaTemplate(idOf(roles.cls), idOf(roles.sep)),
    trim: { addPrefixSpace },
    decoder: byteLevelDecoder,
    cleansDecoded: cleansDecoded(folder.json('tokenizer_config.json'), false),
    roles,
    ignoresEmptyPair: false,
  };
}

/**
 * The pairs of merges.txt. Its first line is a comment, and what stands after its last line feed is
 * nothing.
 */
function readMerges(folder: Folder): readonly (readonly [string, string])[] {
  const lines = folder.text('merges.txt').split('\n').slice(1, -1);
  return lines.map((line, i) => {
    const [first, second, ...others] = line.trim().split(/[ \t]+/);
    if (first !== '' && second !== undefined && others.length === 0) return [first, second] as const;
    throw malformed(
      'merges.txt',
      `line ${i + 2} must have two tokens, got ${JSON.stringify(line.slice(0, 60))}`,
    );
  });
}
