/**
 * Expressions of the assembler: trees of instructions, each of which leaves one value. Their TypeScript type
 * is the type of that value, so an expression that would not validate does not compile.
 */

/** The types of values that kernels use. */
export type ValueType = 'i32' | 'f32' | 'v128';

/** An instruction: its name and immediates in the text format, and its bytes in the binary format. */
export interface Instruction {
  readonly name: string;
  readonly immediates?: string;
  readonly bytes: readonly number[];
}

/** An instruction with its operands, which are expressions. Its type is `void` when it leaves no value. */
export interface Tree<T extends ValueType | 'void'> {
  readonly type: T;
  readonly instruction: Instruction;
  readonly operands: readonly Tree<ValueType>[];
}

/** A tree that leaves a value. */
export type Expression<T extends ValueType> = Tree<T>;

/** An operand of integer instructions: an expression, or a number that becomes a constant. */
export type I32 = Expression<'i32'> | number;

/** An operand of float instructions: an expression, or a number that becomes a constant. */
export type F32 = Expression<'f32'> | number;

/** An operand of vector instructions. */
export type V128 = Expression<'v128'>;

/** A parameter or a local variable of a function. As an expression it stands for its value. */
export interface Local<T extends ValueType> extends Expression<T> {
  readonly name: string;
  readonly index: number;
}

/** Builds a tree. */
export function tree<T extends ValueType | 'void'>(
  type: T,
  instruction: Instruction,
  ...operands: readonly Tree<ValueType>[]
): Tree<T> {
  return { type, instruction, operands };
}

/** Turns an integer operand into an expression. */
export function toI32(value: I32): Expression<'i32'> {
  if (typeof value !== 'number') return value;
  const bytes = [0x41, ...signedLeb(value | 0)];
  return tree('i32', { name: 'i32.const', immediates: String(value | 0), bytes });
}

/** Turns a float operand into an expression. */
export function toF32(value: F32): Expression<'f32'> {
  if (typeof value !== 'number') return value;
  const bytes = [0x43, ...floatBytes(value)];
  return tree('f32', { name: 'f32.const', immediates: floatText(value), bytes });
}

/** The spelling of a float in the text format. */
export function floatText(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return 'nan';
  return Number.isFinite(rounded) ? String(rounded) : rounded > 0 ? 'inf' : '-inf';
}

/** The four bytes of a float. */
export function floatBytes(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

/** Variable-length encoding of an unsigned integer. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Variable-length encoding of a signed 32-bit integer. */
export function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}
