/**
 * The wire format of protocol buffers, read with suspicion:
 * https://protobuf.dev/programming-guides/encoding
 */
import { malformed } from '../errors.ts';

/** A field of a message: a number, or bytes. */
export interface WireField {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 bytes of a length, 5 four bytes. */
  readonly type: number;
  /** The value of a varint; NaN beyond 2^53. */
  readonly value: number;
  /** The bytes of the other types. */
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The fields of a message, in order. Errors: `MALFORMED_FILE`. */
export function* fieldsOf(message: Uint8Array, file: string): Generator<WireField> {
  let at = 0;
  const cut = (what: string) =>
    malformed(file, `${what} at byte ${at} of a message of ${message.length} bytes`);

  function varint(): number {
    let value = 0;
    for (let i = 0, factor = 1; i < 10; i++, factor *= 128) {
      if (at >= message.length) throw cut('a number is cut off');
      const byte = message[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return Number.isSafeInteger(value) ? value : NaN;
    }
    throw cut('a number is too long');
  }

  while (at < message.length) {
    const key = varint();
    const [number, type] = [Math.floor(key / 8), key % 8];
    if (!(number >= 1 && number < 2 ** 29)) throw cut(`the field number ${number} is none`);
    if (type === 0) {
      yield { number, type, value: varint(), bytes: NOTHING };
      continue;
    }
    if (type !== 1 && type !== 2 && type !== 5) throw cut(`the wire type ${type} is none`);
    const length = type === 1 ? 8 : type === 5 ? 4 : varint();
    if (!(at + length <= message.length)) throw cut(`a field of ${length} bytes does not fit`);
    yield { number, type, value: 0, bytes: message.subarray(at, at + length) };
    at += length;
  }
}
