/**
 * Finds the scale and the zero point of a block of numbers: number ≈ scale · (code − zero). Of 8 bits, no
 * number is cut: the codes are fine enough. Of 4 bits, several ranges are tried, some of which cut the
 * greatest numbers; each is judged by the least squared error that its codes can have with any scale.
 */
import { middleOf, type CodeBits } from './codes.ts';

/** Ranges are tried at these shares of the one at which no number is cut, the most likely ones first. */
const SHARES: readonly number[] = [1, 0.94, 0.88, 0.82, 0.76, 1.06];

/** How often the codes follow the best scale, and the scale the codes. */
const TURNS = 2;

/** Added to a small number and taken away again, it rounds the number to the even one of two integers. */
const ROUNDING = 1.5 * 2 ** 52;

/** Fits blocks, one after another. The last one's result is in its fields: nothing is allocated. */
export class BlockFitter {
  scale = 0;
  zero = 0;
  private readonly bits: CodeBits;
  private readonly hasZero: boolean;
  private readonly most: number;
  private values: Float32Array = new Float32Array(0);
  private start = 0;
  private end = 0;
  /** What the tried scale may be best at, and the squared error that it then leaves. */
  private refined = 0;
  private least = Infinity;

  constructor(bits: CodeBits, hasZero: boolean) {
    this.bits = bits;
    this.hasZero = hasZero;
    this.most = 2 ** bits - 1;
  }

  /** Fits values[start, end), all finite. */
  fit(values: Float32Array, start: number, end: number): void {
    let [low, high] = [0, 0];
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (value < low) low = value;
      else if (value > high) high = value;
    }
    this.values = values;
    this.start = start;
    this.end = end;
    this.scale = 0;
    this.zero = middleOf(this.bits);
    this.least = Infinity;
    if (low === high) return;
    if (this.hasZero) this.fitRange(low, high);
    else this.fitMiddle(low, high);
    // Numbers so small that a scale of theirs is no number of 32 bits are zeros.
    if (this.scale === 0) this.zero = middleOf(this.bits);
  }

  /** The code of a number in the block that was fitted last. */
  code(value: number): number {
    if (this.scale === 0) return this.zero;
    const code = value * (1 / this.scale) + ROUNDING - ROUNDING + this.zero;
    return code < 0 ? 0 : code > this.most ? this.most : code;
  }

  private fitRange(low: number, high: number): void {
    const whole = (high - low) / this.most;
    const zero = Math.max(0, Math.min(this.most, -low / whole + ROUNDING - ROUNDING));
    if (this.bits === 8) return this.take(Math.fround(whole), zero);
    for (const share of SHARES) this.attempt(whole * share, zero);
    const best = this.scale;
    for (const other of [zero - 1, zero + 1])
      if (other >= 0 && other <= this.most) {
        this.attempt(best, other);
        this.attempt(whole * SHARES[2], other);
      }
    this.improve();
  }

  /** Fits codes around the middle one. One more lies on one side: of 4 bits the scale's sign says where. */
  private fitMiddle(low: number, high: number): void {
    const greatest = Math.max(-low, high);
    const { zero } = this;
    if (this.bits === 8) return this.take(Math.fround(greatest / 127), zero);
    const sign = high > -low ? -1 : 1;
    for (const share of SHARES) {
      this.attempt((greatest / 7) * share, zero);
      this.attempt(((sign * greatest) / 8) * share, zero);
    }
    this.improve();
  }

  /** Codes of the best scale, which may have a better scale, and so on. */
  private improve(): void {
    for (let turn = 0; turn < TURNS; turn++) this.attempt(this.scale, this.zero);
  }

  /** Takes the best scale of the codes that a scale and a zero point give, if its error is the least. */
  private attempt(scale: number, zero: number): void {
    if (this.least === 0) return;
    const error = this.errorOf(scale, zero);
    const refined = Math.fround(this.refined);
    if (!(error < this.least) || refined === 0) return;
    this.least = error;
    this.take(refined, zero);
  }

  private take(scale: number, zero: number): void {
    this.scale = scale;
    this.zero = zero;
  }

  /** The error of the codes at their best scale, which is left in `refined`. */
  private errorOf(scale: number, zero: number): number {
    const { values, start, end } = this;
    const inverse = 1 / scale;
    const [least, most] = [-zero, this.most - zero];
    let [squares, products, sizes] = [0, 0, 0];
    for (let i = start; i < end; i++) {
      const value = values[i];
      let code = value * inverse + ROUNDING - ROUNDING;
      code = code < least ? least : code > most ? most : code;
      squares += code * code;
      products += code * value;
      sizes += value * value;
    }
    this.refined = squares === 0 ? 0 : products / squares;
    return Math.max(0, sizes - products * this.refined);
  }
}
