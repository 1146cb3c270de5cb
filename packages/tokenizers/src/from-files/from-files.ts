/** A tokenizer of the files of a folder, whichever of them there are. */
import { aBoolean, checkOptions, readEntries, type OptionKinds } from '@attn/core/backend';
import type { Definition } from '../definition.ts';
import { WHERE } from '../errors.ts';
import { definitionOf } from '../from-json/from-json.ts';
import { inOrder } from '../normalizers/normalizer.ts';
import { lowercase } from '../normalizers/simple.ts';
import { Tokenizer } from '../tokenizer.ts';
import { readBert } from './bert.ts';
import { Folder, type TokenizerFiles } from './folder.ts';
import { definitionOfFolder, type FolderTokenizer } from './folder-tokenizer.ts';
import { kindOf } from './kinds.ts';
import { readRoberta } from './roberta.ts';
import { readSentencepiece } from './sentencepiece.ts';

/** Which files of a tokenizer are meant. */
export interface FileNamesOptions {
  /** Only the files that are read where there is a tokenizer.json, which makes the others needless. */
  readonly besideJson?: boolean;
}

/** Options of `tokenizerFromFiles`. */
export interface FromFilesOptions {
  /**
   * Whether texts become lower case before all else that the tokenizer does to them, as with `do_lower_case`
   * of sentence-transformers. Special tokens that are written in a text are found first. Default false.
   */
  readonly lowerCase?: boolean;
}

const OPTIONS: OptionKinds<FromFilesOptions> = { lowerCase: aBoolean };

/** Files that are read beside each other where there is a tokenizer.json. */
const WITH_JSON = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'config.json',
];

/** Files that are read where there is none. */
const WITHOUT_JSON = ['vocab.json', 'merges.txt', 'vocab.txt', 'spiece.model', 'sentencepiece.bpe.model'];

/**
 * The names of all files from which tokenizers are made. A folder has some of them.
 * @throws AttnError `INVALID_ARGUMENT`
 * @example
 * const files = Object.fromEntries(
 *   await Promise.all(tokenizerFileNames().map(async (name) => [name, await bytesOrUndefined(name)])),
 * );
 * const tokenizer = tokenizerFromFiles(files);
 */
export function tokenizerFileNames(options: FileNamesOptions = {}): readonly string[] {
  const { besideJson = false } = checkOptions('tokenizers/fileNames', options, { besideJson: aBoolean });
  return besideJson ? WITH_JSON : [...WITH_JSON, ...WITHOUT_JSON];
}

/**
 * The tokenizer of a checkpoint's folder: of its tokenizer.json, else of vocab.json and merges.txt
 * (RoBERTa, Longformer, BART, LED), vocab.txt (BERT, DistilBERT, MPNet), spiece.model (Reformer, BigBird)
 * or sentencepiece.bpe.model (XLM-R, CamemBERT). Which of them it is, `tokenizer_class` of
 * tokenizer_config.json or config.json says, else `model_type` of config.json.
 * @param files the files that there are, by their names: `tokenizerFileNames()` lists them
 * @throws AttnError `MISSING_INPUT` for a file that is needed; `MALFORMED_FILE`; `UNSUPPORTED` for a
 *   tokenizer that is not known; `INVALID_ARGUMENT`
 * @example
 * const tokenizer = tokenizerFromFiles({
 *   'config.json': '{ "model_type": "longformer" }',
 *   'vocab.json': await readFile('longformer/vocab.json', 'utf8'),
 *   'merges.txt': await readFile('longformer/merges.txt', 'utf8'),
 * });
 * const { ids, offsets } = tokenizer.encode('Call me Ishmael.');
 */
export function tokenizerFromFiles(files: TokenizerFiles, options: FromFilesOptions = {}): Tokenizer {
  const { lowerCase = false } = checkOptions(WHERE, options, OPTIONS);
  const definition = readDefinition(new Folder(readEntries(WHERE, 'files', files)));
  if (!lowerCase) return new Tokenizer(definition);
  const { normalizer } = definition;
  const first = lowercase();
  return new Tokenizer({
    ...definition,
    normalizer: normalizer === undefined ? first : inOrder([first, normalizer]),
  });
}

function readDefinition(folder: Folder): Definition {
  const json = folder.json('tokenizer.json');
  return json === undefined
    ? definitionOfFolder(readFolder(folder))
    : definitionOf(json, folder.configFiles());
}

/**
 * What the files of a folder without a tokenizer.json say. Errors: `MISSING_INPUT`, `MALFORMED_FILE`,
 * `UNSUPPORTED`, `INVALID_ARGUMENT`.
 */
export function readFolder(folder: Folder): FolderTokenizer {
  const kind = kindOf(folder.configFiles());
  switch (kind) {
    case 'roberta':
      return readRoberta(folder);
    case 'bert':
    case 'mpnet':
      return readBert(folder, kind);
    case 'reformer':
    case 'big-bird':
    case 'xlm-roberta':
    case 'camembert':
      return readSentencepiece(folder, kind);
    default:
      return kind satisfies never;
  }
}
