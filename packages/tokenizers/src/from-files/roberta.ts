/** RoBERTa, Longformer, BART and LED: vocab.json and merges.txt, byte-level BPE. */
import { malformed } from '../errors.ts';
import { parseJson } from '../from-json/fields.ts';
import { cleansDecoded } from '../from-json/from-json.ts';
import { mergeTables, readIds } from '../from-json/models.ts';
import { SPECIAL_DEFAULTS } from '../from-json/special-defaults.ts';
import { readSpecialTokens } from '../from-json/special-tokens.ts';
import { Bpe } from '../models/bpe.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { isInUtf8, LETTERS } from '../text/byte-letters.ts';
import type { Folder } from './folder.ts';
import type { FolderTokenizer } from './folder-tokenizer.ts';

/** Reads such a folder. Errors: `MISSING_INPUT`, `MALFORMED_FILE`. */
export function readRoberta(folder: Folder): FolderTokenizer {
  const vocabulary = new Vocabulary(readIds(parseJson(folder.text('vocab.json'), 'vocab.json')));
  const missing = LETTERS.filter(
    (letter, byte) => isInUtf8(byte) && vocabulary.tokenToId(letter) === undefined,
  );
  if (missing.length > 0) {
    const message = `it must have a token for each byte, and lacks ${missing.length}: ${missing.slice(0, 8).join(' ')}`;
    throw malformed('vocab.json', message);
  }
  const merges = readMerges(folder);
  const files = folder.configFiles();
  const { config } = files;
  const { added, roles, token } = readSpecialTokens(files, vocabulary, SPECIAL_DEFAULTS.roberta);
  const [cls, sep] = [token('cls'), token('sep')];
  const spaces = { add_prefix_space: config?.flag('add_prefix_space', false) ?? false, trim_offsets: true };
  return {
    components: {
      pre_tokenizer: { type: 'ByteLevel', ...spaces, use_regex: true },
      post_processor: {
        type: 'RobertaProcessing',
        sep: [sep.content, sep.id],
        cls: [cls.content, cls.id],
        ...spaces,
      },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    },
    own: {
      added,
      model: new Bpe({ vocabulary, ...mergeTables(vocabulary, merges, '', 'merges.txt') }),
      roles,
      cleansDecoded: cleansDecoded(config),
    },
    source: { kind: 'bpe', vocabulary, merges },
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
