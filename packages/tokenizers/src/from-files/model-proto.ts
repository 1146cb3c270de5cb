/** The file of a sentencepiece model, a protocol buffer: its pieces, and how texts are normalized. */
import { show } from '@attn/core/backend';
import { malformed, unsupported } from '../errors.ts';
import { Charsmap } from '../normalizers/charsmap.ts';
import { LONGEST_ENTRY } from '../text/trie.ts';
import { fieldsOf, type WireField } from './protobuf.ts';

/** The kinds of pieces, by the numbers that the format has for them. */
export const PIECE_TYPES = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

/** A piece of a model. */
export interface ModelPiece {
  readonly text: string;
  readonly score: number;
  readonly type: number;
}

/** What a model file says. */
export interface SentencepieceModel {
  readonly pieces: readonly ModelPiece[];
  readonly kind: 'unigram' | 'bpe';
  readonly unkId: number;
  readonly byteFallback: boolean;
  readonly charsmap: Charsmap | undefined;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
}

/** Reads a model file. Errors: `MALFORMED_FILE`, `UNSUPPORTED`. */
export function readModelProto(bytes: Uint8Array, file: string): SentencepieceModel {
  const pieces: ModelPiece[] = [];
  let trainer: WireField['bytes'] | undefined;
  let normalizer: WireField['bytes'] | undefined;
  for (const field of fieldsOf(bytes, file)) {
    if (field.number === 1) pieces.push(readPiece(bytesOf(field, file), pieces.length, file));
    else if (field.number === 2) trainer = bytesOf(field, file);
    else if (field.number === 3) normalizer = bytesOf(field, file);
  }
  if (pieces.length === 0) throw malformed(file, 'the model has no pieces');
  const trained = readNumbers(trainer, file);
  const unkId = trained.get(40) ?? 0;
  if (pieces[unkId]?.type !== PIECE_TYPES.unknown)
    throw malformed(file, `piece ${unkId} must be the unknown one of ${pieces.length} pieces`);
  return {
    pieces,
    kind: kindOf(trained.get(3) ?? 1, file),
    unkId,
    byteFallback: trained.get(35) === 1,
    ...readNormalizer(normalizer, file),
  };
}

function kindOf(number: number, file: string): SentencepieceModel['kind'] {
  if (number === 1) return 'unigram';
  if (number === 2) return 'bpe';
  throw unsupported(file, `the model must be Unigram (1) or BPE (2), got model type ${number}`);
}

function bytesOf({ number, type, bytes }: WireField, file: string): Uint8Array {
  if (type === 2) return bytes;
  throw malformed(file, `field ${number} must be a message, got wire type ${type}`);
}

/** The numbers of a message, by their fields. */
function readNumbers(message: Uint8Array | undefined, file: string): ReadonlyMap<number, number> {
  const numbers = new Map<number, number>();
  for (const { number, type, value } of fieldsOf(message ?? new Uint8Array(0), file))
    if (type === 0) numbers.set(number, value);
  return numbers;
}

function readNormalizer(
  message: Uint8Array | undefined,
  file: string,
): Pick<SentencepieceModel, 'charsmap' | 'addDummyPrefix' | 'removeExtraWhitespaces'> {
  const numbers = readNumbers(message, file);
  let charsmap: Charsmap | undefined;
  for (const field of fieldsOf(message ?? new Uint8Array(0), file)) {
    if (field.number !== 2) continue;
    const table = bytesOf(field, file);
    if (table.length > 0) charsmap = new Charsmap(table, file);
  }
  return {
    charsmap,
    addDummyPrefix: numbers.get(3) !== 0,
    removeExtraWhitespaces: numbers.get(4) !== 0,
  };
}

function readPiece(message: Uint8Array, index: number, file: string): ModelPiece {
  let text = '';
  let score = 0;
  let type: number = PIECE_TYPES.normal;
  for (const field of fieldsOf(message, file)) {
    if (field.number === 1 && field.type === 2) text = textOf(field.bytes, index, file);
    else if (field.number === 2 && field.type === 5) score = floatOf(field.bytes);
    else if (field.number === 3 && field.type === 0) type = field.value;
  }
  if (text === '' || text.length > LONGEST_ENTRY)
    throw malformed(file, `piece ${index} must have 1 to ${LONGEST_ENTRY} characters, got ${show(text)}`);
  if (!Number.isFinite(score)) throw malformed(file, `piece ${index} must have a finite score, got ${score}`);
  if (!(type >= 1 && type <= 6))
    throw malformed(file, `piece ${index} must have a type from 1 to 6, got ${type}`);
  return { text, score, type };
}

function textOf(bytes: Uint8Array, index: number, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed(file, `piece ${index} is not valid UTF-8`, { cause });
  }
}

function floatOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
}
