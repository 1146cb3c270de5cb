/**
 * Reformer, BigBird, XLM-R and CamemBERT: the file of a sentencepiece model, read as sentencepiece itself
 * does.
 */
import type { JsonObject } from '@attn/core';
import { cleansDecoded } from '../from-json/from-json.ts';
import { SPECIAL_DEFAULTS } from '../from-json/special-defaults.ts';
import { readSpecialTokens, type SpecialTokens } from '../from-json/special-tokens.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import { MARK, sentencepieceNormalizer } from '../normalizers/sentencepiece.ts';
import { bertTemplate, robertaTemplate } from '../output/template.ts';
import { Trie } from '../text/trie.ts';
import type { Folder } from './folder.ts';
import type { FolderTokenizer, SentencepieceSource } from './folder-tokenizer.ts';
import { PIECE_TYPES, readModelProto, type SentencepieceModel } from './model-proto.ts';
import { sentencepieceModel } from './sentencepiece-model.ts';
import { templateProcessing } from './template-processing.ts';

/** The classes that read a sentencepiece model. */
export type SentencepieceKind = 'reformer' | 'big-bird' | 'xlm-roberta' | 'camembert';

/** How a class gives ids to the pieces of a model. */
interface Rules {
  readonly file: string;
  /** Tokens with the first ids, before the pieces. */
  readonly head: readonly string[];
  /** The first piece that has an id of its own. */
  readonly firstPiece: number;
  readonly tail: readonly string[];
}

const PIECES_ALONE: Rules = { file: 'spiece.model', head: [], firstPiece: 0, tail: [] };

const XLM_ROBERTA: Rules = {
  file: 'sentencepiece.bpe.model',
  head: ['<s>', '<pad>', '</s>', '<unk>'],
  firstPiece: 3,
  tail: ['<mask>'],
};

const RULES: Readonly<Record<SentencepieceKind, Rules>> = {
  reformer: PIECES_ALONE,
  'big-bird': PIECES_ALONE,
  'xlm-roberta': XLM_ROBERTA,
  camembert: {
    ...XLM_ROBERTA,
    head: ['<s>NOTUSED', '<pad>', '</s>NOTUSED', '<unk>', '<unk>NOTUSED'],
    firstPiece: 1,
  },
};

/** Reads such a folder. Errors: `MISSING_INPUT`, `MALFORMED_FILE`, `UNSUPPORTED`. */
export function readSentencepiece(folder: Folder, kind: SentencepieceKind): FolderTokenizer {
  const source = sourceOf(folder, RULES[kind]);
  const { proto, vocabulary } = source;
  const userDefined = new Trie();
  for (const { text, type } of proto.pieces)
    if (type === PIECE_TYPES.userDefined) userDefined.add(text, vocabulary.tokenToId(text) ?? 0);
  const files = folder.configFiles();
  const { added, roles, token } = readSpecialTokens(files, vocabulary, SPECIAL_DEFAULTS[kind]);
  return {
    components: {
      post_processor: templateOf(kind, token),
      decoder: { type: 'Metaspace', replacement: MARK, prepend_scheme: 'always', split: true },
    },
    own: {
      // The Python class looks for added tokens in the text itself, whatever their flags say.
      added: added.map((each) => ({ ...each, normalized: false })),
      control: controlIds(proto, vocabulary),
      normalizer: sentencepieceNormalizer({ ...proto, userDefined }),
      model: sentencepieceModel(source, userDefined),
      roles,
      cleansDecoded: cleansDecoded(files.config),
    },
    source,
  };
}

function sourceOf(folder: Folder, rules: Rules): SentencepieceSource {
  const { file } = rules;
  const proto = readModelProto(folder.bytes(file), file);
  const vocabulary = vocabularyOf(proto, rules);
  const unkId = vocabulary.tokenToId('<unk>') ?? vocabulary.tokenToId(proto.pieces[proto.unkId].text);
  return { kind: 'sentencepiece', proto, vocabulary, unkId, file };
}

function templateOf(kind: SentencepieceKind, token: SpecialTokens['token']): JsonObject | null {
  switch (kind) {
    case 'reformer':
      return null;
    case 'big-bird':
      return templateProcessing(bertTemplate, token('cls'), token('sep'));
    case 'xlm-roberta':
    case 'camembert':
      return templateProcessing(robertaTemplate, token('cls'), token('sep'));
    default:
      return kind satisfies never;
  }
}

function vocabularyOf({ pieces }: SentencepieceModel, { head, firstPiece, tail }: Rules): Vocabulary {
  const ids = new Map(head.map((text, id) => [text, id]));
  let next = head.length;
  for (const { text } of pieces.slice(firstPiece)) {
    if (!ids.has(text)) ids.set(text, next);
    next += 1;
  }
  for (const text of tail) if (!ids.has(text)) ids.set(text, next++);
  return new Vocabulary(ids);
}

/** The ids of control pieces, such as `<s>`. */
function controlIds({ pieces }: SentencepieceModel, vocabulary: Vocabulary): ReadonlySet<number> {
  const control = pieces.filter(({ type }) => type === PIECE_TYPES.control);
  return new Set(control.flatMap(({ text }) => vocabulary.tokenToId(text) ?? []));
}
