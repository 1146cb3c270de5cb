/**
 * What a tokenizer_config.json changes of the tokenizer.json beside it. In Hugging Face's library the classes
 * of BERT and of RoBERTa have options of their own, with defaults, which win.
 */
import type { BertOptions } from '../normalizers/bert.ts';
import { classNameOf, type ConfigFiles } from './config-files.ts';
import { familyOf } from './families.ts';

/** Options in the place of those of tokenizer.json; undefined where those stay. */
export interface Overrides {
  /** The options of a `BertNormalizer`. */
  readonly bert?: Omit<BertOptions, 'cleanText'>;
  /** Whether a `ByteLevel` pre-tokenizer puts a space before pieces. */
  readonly addPrefixSpace?: boolean;
  /** Whether the post-processor trims spans. */
  readonly trimOffsets?: boolean;
}

/** What changes. Without a tokenizer_config.json nothing does. Errors: `MALFORMED_FILE`. */
export function overridesOf(files: ConfigFiles): Overrides {
  const { config } = files;
  if (config === undefined) return {};
  const family = familyOf(files)?.name;
  if (family === 'bert' || family === 'mpnet') {
    const lowercase = config.flag('do_lower_case', true);
    const stripAccents = config.flag('strip_accents', lowercase);
    const handleChineseChars = config.flag('tokenize_chinese_chars', true);
    return { bert: { lowercase, stripAccents, handleChineseChars } };
  }
  // Other classes of release 4 have this option, too, and those of release 5 do not: what is written counts.
  const isWritten =
    config.raw('add_prefix_space') !== undefined && classNameOf(files) !== 'TokenizersBackend';
  if (family !== 'roberta' && family !== 'gpt2' && !isWritten) return {};
  const addPrefixSpace = config.flag('add_prefix_space', false);
  if (family !== 'roberta') return { addPrefixSpace };
  return { addPrefixSpace, trimOffsets: config.flag('trim_offsets', true) };
}
