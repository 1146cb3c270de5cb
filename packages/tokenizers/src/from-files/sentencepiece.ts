/**
 * Reformer, BigBird, XLM-R and CamemBERT: the file of a sentencepiece model, read as sentencepiece itself
 * does.
 */
import { metaspaceDecoder } from '../decoders/decoder.ts';
import type { Definition } from '../definition.ts';
import { malformed } from '../errors.ts';
import { Bpe } from '../models/bpe.ts';
import { MergeBuilder } from '../models/merges.ts';
import { Unigram } from '../models/unigram.ts';
import { Vocabulary } from '../models/vocabulary.ts';
import type { WordModel } from '../models/word-model.ts';
import { MARK, sentencepieceNormalizer } from '../normalizers/sentencepiece.ts';
import { BARE, bertTemplate, robertaTemplate, type Template } from '../output/template.ts';
import { unitsAt } from '../text/units.ts';
import { Trie } from '../text/trie.ts';
import { cleansDecoded } from '../from-json/from-json.ts';
import type { Folder } from './folder.ts';
import { PIECE_TYPES, readModelProto, type ModelPiece, type SentencepieceModel } from './model-proto.ts';
import { ROBERTA_TOKENS } from '../from-json/families.ts';
import { readSpecialTokens, type SpecialDefaults } from '../from-json/special-tokens.ts';

/** The classes that read a sentencepiece model. */
export type SentencepieceKind = 'reformer' | 'big-bird' | 'xlm-roberta' | 'camembert';

/** How a class gives ids to the pieces of a model. */
interface Rules {
  readonly file: string;
  readonly defaults: SpecialDefaults;
  /** Tokens with the first ids, before the pieces. */
  readonly head: readonly string[];
  /** The first piece that has an id of its own. */
  readonly firstPiece: number;
  readonly tail: readonly string[];
}

const REFORMER: Rules = {
  file: 'spiece.model',
  defaults: { roles: { eos: '</s>', unk: '<unk>' }, maskTakesSpace: true },
  head: [],
  firstPiece: 0,
  tail: [],
};

const BIG_BIRD: Rules = {
  ...REFORMER,
  defaults: {
    roles: {
      bos: '<s>',
      eos: '</s>',
      unk: '<unk>',
      pad: '<pad>',
      sep: '[SEP]',
      mask: '[MASK]',
      cls: '[CLS]',
    },
    maskTakesSpace: true,
  },
};

const XLM_ROBERTA: Rules = {
  file: 'sentencepiece.bpe.model',
  defaults: ROBERTA_TOKENS,
  head: ['<s>', '<pad>', '</s>', '<unk>'],
  firstPiece: 3,
  tail: ['<mask>'],
};

const CAMEMBERT_HEAD = ['<s>NOTUSED', '<pad>', '</s>NOTUSED', '<unk>', '<unk>NOTUSED'];

const CAMEMBERT: Rules = {
  ...XLM_ROBERTA,
  defaults: { ...ROBERTA_TOKENS, others: CAMEMBERT_HEAD.filter((token) => token.endsWith('NOTUSED')) },
  head: CAMEMBERT_HEAD,
  firstPiece: 1,
};

const RULES: Readonly<Record<SentencepieceKind, Rules>> = {
  reformer: REFORMER,
  'big-bird': BIG_BIRD,
  'xlm-roberta': XLM_ROBERTA,
  camembert: CAMEMBERT,
};

/** The name of the model file of a class. */
export function modelFileOf(kind: SentencepieceKind): string {
  return RULES[kind].file;
}

/** Reads such a folder. Errors: `MISSING_INPUT`, `MALFORMED_FILE`, `UNSUPPORTED`. */
export function readSentencepiece(folder: Folder, kind: SentencepieceKind): Definition {
  const rules = RULES[kind];
  const proto = readModelProto(folder.bytes(rules.file), rules.file);
  const vocabulary = vocabularyOf(proto, rules);
  const userDefined = new Trie();
  for (const { text, type } of proto.pieces)
    if (type === PIECE_TYPES.userDefined) userDefined.add(text, vocabulary.tokenToId(text) ?? 0);
  const model = modelOf(proto, vocabulary, userDefined, rules);
  const { added, roles } = readSpecialTokens(folder.configFiles(), model, rules.defaults);
  const idOf = (content = '') => added.find((token) => token.content === content)?.id ?? 0;
  return {
    // The Python class looks for added tokens in the text itself, whatever their flags say.
    added: added.map((token) => ({ ...token, normalized: false })),
    control: controlIds(proto, vocabulary),
    normalizer: sentencepieceNormalizer({ ...proto, userDefined }),
    preTokenizer: undefined,
    model,
    template: templateOf(kind, idOf(roles.cls), idOf(roles.sep)),
    trim: undefined,
    decoder: metaspaceDecoder(MARK, 'always'),
    cleansDecoded: cleansDecoded(folder.json('tokenizer_config.json'), false),
    roles,
    ignoresEmptyPair: false,
  };
}

function templateOf(kind: SentencepieceKind, cls: number, sep: number): Template {
  switch (kind) {
    case 'reformer':
      return BARE;
    case 'big-bird':
      return bertTemplate(cls, sep);
    case 'xlm-roberta':
    case 'camembert':
      return robertaTemplate(cls, sep);
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

/** Whether texts are made of a piece: control pieces and unused ones are in no text. */
function isInTexts({ type }: ModelPiece): boolean {
  return type === PIECE_TYPES.normal || type === PIECE_TYPES.userDefined;
}

function modelOf(
  proto: SentencepieceModel,
  vocabulary: Vocabulary,
  userDefined: Trie,
  rules: Rules,
): WordModel {
  const pieces = proto.pieces.filter(isInTexts);
  const unkId = vocabulary.tokenToId('<unk>') ?? vocabulary.tokenToId(proto.pieces[proto.unkId].text);
  return proto.kind === 'bpe'
    ? bpeOf(pieces, vocabulary, userDefined, unkId, proto.byteFallback)
    : unigramOf(pieces, vocabulary, unkId, proto.byteFallback, rules);
}

function unigramOf(
  pieces: readonly ModelPiece[],
  vocabulary: Vocabulary,
  unkId: number | undefined,
  byteFallback: boolean,
  { file }: Rules,
): Unigram {
  let [least, most] = [Infinity, -Infinity];
  for (const { score, type } of pieces) {
    if (type !== PIECE_TYPES.normal) continue;
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  if (least === Infinity) throw malformed(file, 'the model has no pieces that texts are made of');
  const bytes = new TextEncoder();
  return new Unigram({
    vocabulary,
    pieces: pieces.map(({ text, score, type }) => {
      // A user-defined piece wins over any way to make its text of others.
      const own = type === PIECE_TYPES.userDefined ? bytes.encode(text).length * most - 0.1 : score;
      return { text, id: vocabulary.tokenToId(text) ?? 0, score: own };
    }),
    unkId,
    unkScore: least - 10,
    byteFallback,
  });
}

/**
 * Any two symbols are joined whose texts together are a piece, the piece of the highest score first.
 * Characters that are no pieces are symbols, too.
 */
function bpeOf(
  pieces: readonly ModelPiece[],
  vocabulary: Vocabulary,
  userDefined: Trie,
  unkId: number | undefined,
  byteFallback: boolean,
): Bpe {
  const normal = pieces.filter(({ type }) => type === PIECE_TYPES.normal);
  const symbols = new Map(normal.map(({ text }) => [text, vocabulary.tokenToId(text) ?? 0]));
  const extraSymbols = new Map<string, number>();
  for (const { text } of normal) {
    for (const character of text) {
      if (symbols.has(character)) continue;
      const id = vocabulary.idLimit + extraSymbols.size;
      extraSymbols.set(character, id);
      symbols.set(character, id);
    }
  }
  const builder = new MergeBuilder(normal.reduce((sum, { text }) => sum + text.length, 0));
  let [rank, last] = [0, NaN];
  for (const { text, score } of normal.toSorted((a, b) => b.score - a.score)) {
    if (score !== last) rank += 1;
    last = score;
    for (let at = unitsAt(text, 0); at < text.length; at += unitsAt(text, at)) {
      const [first, second] = [text.slice(0, at), text.slice(at)];
      const [firstId, secondId] = [symbols.get(first), symbols.get(second)];
      if (firstId === undefined || secondId === undefined) continue;
      builder.add(first, firstId, second, secondId, rank, symbols.get(text) ?? 0);
    }
  }
  for (const { text, type } of pieces) if (type === PIECE_TYPES.userDefined) builder.keepWhole(text);
  const frozen = userDefined.isEmpty ? undefined : userDefined;
  return new Bpe({
    vocabulary,
    ...builder.finish(),
    unkId,
    fuseUnk: true,
    byteFallback,
    frozen,
    extraSymbols,
  });
}
