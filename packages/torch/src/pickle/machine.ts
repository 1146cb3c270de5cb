/**
 * A stack machine for the pickles of state dicts: some thirty opcodes of protocol 2, names from a list, and
 * no call that does anything. The opcodes are described in Python's `pickletools`. Whatever else a pickle
 * holds is refused; nothing nested is ever walked, hashed, compared or printed, so that small pickles
 * cannot stand for large ones.
 */
import { refusal } from '../errors.ts';
import { reduce, storageOf, tokenOf, type IdParts } from './calls.ts';
import { Storages } from './storages.ts';
import { Dict, Float, kindOf, List, Tuple, type StorageRef, type Value } from './values.ts';

/** A pickle that goes on behind the bytes at hand. Its reader gets more of them, or refuses the file. */
export class CutPickle extends Error {}

/** A pickle that has been read. */
export interface Unpickled {
  readonly value: Value;
  /** The byte after the pickle. */
  readonly end: number;
  /** Every storage that it names, by key. */
  readonly storages: ReadonlyMap<string, StorageRef>;
}

/**
 * Reads the pickle that begins at a byte. Errors: `MALFORMED_FILE`; `CutPickle` when the
 * bytes end before it does.
 *
 * @param parts of a persistent id in this format
 */
export function unpickle(bytes: Uint8Array, start: number, parts: IdParts): Unpickled {
  return new Machine(bytes, start, parts).run();
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Machine {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly start: number;
  private readonly parts: IdParts;
  private at: number;
  private readonly stack: Value[] = [];
  /** Heights of the stack where marks stand. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, Value>();
  private readonly storages = new Storages();

  constructor(bytes: Uint8Array, start: number, parts: IdParts) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.start = start;
    this.parts = parts;
    this.at = start;
  }

  run(): Unpickled {
    this.protocol();
    for (;;) {
      const opcode = this.u8();
      if (opcode === 0x2e) return { value: this.last(), end: this.at, storages: this.storages.byKey }; // STOP
      this.step(opcode);
    }
  }

  private protocol(): void {
    if (this.u8() !== 0x80) throw refusal('pickle', 'it does not begin with a protocol');
    const protocol = this.u8();
    if (protocol !== 2 && protocol !== 3)
      throw refusal('unsupported', `pickles of protocol 2 are read, got protocol ${protocol}`);
  }

  private step(opcode: number): void {
    const { stack } = this;
    switch (opcode) {
      case 0x28: // MARK
        this.marks.push(stack.length);
        return;
      case 0x63: // GLOBAL
        stack.push(tokenOf(this.line(), this.line()));
        return;
      case 0x71: // BINPUT
        this.memo.set(this.u8(), this.top());
        return;
      case 0x72: // LONG_BINPUT
        this.memo.set(this.u32(), this.top());
        return;
      case 0x68: // BINGET
        stack.push(this.remembered(this.u8()));
        return;
      case 0x6a: // LONG_BINGET
        stack.push(this.remembered(this.u32()));
        return;
      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88: // NEWTRUE
        stack.push(true);
        return;
      case 0x89: // NEWFALSE
        stack.push(false);
        return;
      case 0x4b: // BININT1
        stack.push(this.u8());
        return;
      case 0x4d: // BININT2
        stack.push(this.u8() + 256 * this.u8());
        return;
      case 0x4a: // BININT
        stack.push(this.u32() | 0);
        return;
      case 0x8a: // LONG1
        stack.push(this.long());
        return;
      case 0x47: // BINFLOAT
        stack.push(new Float(this.view.getFloat64(this.skip(8))));
        return;
      case 0x58: // BINUNICODE
        stack.push(this.text(this.u32()));
        return;
      case 0x55: // SHORT_BINSTRING, which Python 2 wrote
        stack.push(this.ascii(this.u8()));
        return;
      case 0x29: // EMPTY_TUPLE
        stack.push(new Tuple([]));
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(new Tuple(this.take(opcode - 0x84)));
        return;
      case 0x74: // TUPLE
        stack.push(new Tuple(this.takeMarked()));
        return;
      case 0x5d: // EMPTY_LIST
        stack.push(new List());
        return;
      case 0x61: // APPEND
        this.append(this.take(1));
        return;
      case 0x65: // APPENDS
        this.append(this.takeMarked());
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new Dict(false));
        return;
      case 0x73: // SETITEM
        this.setItems(this.take(2));
        return;
      case 0x75: // SETITEMS
        this.setItems(this.takeMarked());
        return;
      case 0x52: {
        // REDUCE
        const [callee, args] = this.take(2);
        stack.push(reduce(callee, args));
        return;
      }
      case 0x51: // BINPERSID
        stack.push(this.storages.add(storageOf(this.take(1)[0], this.parts)));
        return;
      case 0x62: // BUILD
        this.build();
        return;
      case 0x80: // PROTO
        throw refusal('pickle', 'its protocol stands in the middle');
      default: {
        const [hex, at] = [opcode.toString(16).padStart(2, '0'), this.at - 1 - this.start];
        throw refusal('pickle', `opcode 0x${hex} at byte ${at} has no place in a state dict`);
      }
    }
  }

  /** The value that STOP finds alone on the stack. */
  private last(): Value {
    if (this.stack.length !== 1 || this.marks.length > 0) {
      throw refusal('pickle', `it must end with one value, got ${this.stack.length + this.marks.length}`);
    }
    return this.stack[0];
  }

  /** The lowest place that may be popped: that of the last mark. */
  private get floor(): number {
    return this.marks.length === 0 ? 0 : this.marks[this.marks.length - 1];
  }

  private top(): Value {
    if (this.stack.length <= this.floor)
      throw refusal('pickle', 'an opcode needs a value, and there is none');
    return this.stack[this.stack.length - 1];
  }

  private take(values: number): Value[] {
    if (this.stack.length - values < this.floor)
      throw refusal('pickle', `an opcode needs ${values} values, got ${this.stack.length - this.floor}`);
    return this.stack.splice(this.stack.length - values);
  }

  private takeMarked(): Value[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw refusal('pickle', 'an opcode needs a mark, and there is none');
    return this.stack.splice(mark);
  }

  private remembered(index: number): Value {
    const value = this.memo.get(index);
    if (value === undefined) throw refusal('pickle', `it reads memo ${index}, which was never written`);
    return value;
  }

  private append(values: readonly Value[]): void {
    const list = this.top();
    if (!(list instanceof List)) throw refusal('pickle', `it appends to ${kindOf(list)}`);
    for (const value of values) list.items.push(value);
  }

  private setItems(values: readonly Value[]): void {
    const dict = this.top();
    if (!(dict instanceof Dict)) throw refusal('pickle', `it sets an item of ${kindOf(dict)}`);
    if (values.length % 2 === 1) throw refusal('pickle', 'it sets a key without a value');
    for (let i = 0; i < values.length; i += 2) {
      const key = values[i];
      if (typeof key === 'object' && key !== null && !(key instanceof Float))
        throw refusal('content', `a key must be a string, got ${kindOf(key)}`);
      if (!dict.add(key, values[i + 1])) {
        const text = typeof key === 'string' ? JSON.stringify(key.slice(0, 80)) : kindOf(key);
        throw refusal('pickle', `the key ${text} stands twice in one dict`);
      }
    }
  }

  /** A module's state dict carries `_metadata`, which is thrown away. */
  private build(): void {
    const [state] = this.take(1);
    const object = this.top();
    if (object instanceof Dict && object.isOrdered && state instanceof Dict) return;
    throw refusal('forbidden', `the pickle sets the state of ${kindOf(object)} to ${kindOf(state)}`);
  }

  /** Little-endian, two's complement. The state dicts of this world need at most 8 bytes. */
  private long(): number {
    const length = this.u8();
    if (length > 8) throw refusal('pickle', `an integer of ${length} bytes has no place in a state dict`);
    const from = this.skip(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[from + i]);
    const number = Number(BigInt.asIntN(8 * length, value));
    if (!Number.isSafeInteger(number))
      throw refusal('tensor', `an integer must be below 2^53, got ${BigInt.asIntN(64, value)}`);
    return number;
  }

  private text(length: number): string {
    const from = this.skip(length);
    try {
      return UTF8.decode(this.bytes.subarray(from, from + length));
    } catch {
      throw refusal('pickle', `the string at byte ${from - this.start} is not UTF-8`);
    }
  }

  private ascii(length: number): string {
    const text = this.text(length);
    if (text.length !== length) throw refusal('pickle', 'a string of Python 2 must be ASCII');
    return text;
  }

  /** Up to a line feed, which is not part of it. */
  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0 && this.bytes.length - this.at > 4096) throw refusal('pickle', 'a name has no end');
    if (end < 0) throw new CutPickle();
    const length = end - this.at;
    const line = this.text(length);
    this.at += 1;
    return line;
  }

  private u8(): number {
    return this.bytes[this.skip(1)];
  }

  private u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  /** Moves on, and returns where that began. */
  private skip(length: number): number {
    const from = this.at;
    if (length > this.bytes.length - from) throw new CutPickle();
    this.at = from + length;
    return from;
  }
}
