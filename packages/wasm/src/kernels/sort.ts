/**
 * Finds the order that sorts a row of integers, by a stable counting sort, digit by digit from the least
 * significant. Digits cover only the bits in which the row's numbers differ, so buckets up to 2048 are sorted
 * in one pass. Knuth, The Art of Computer Programming, volume 3, §5.2.5.
 */
import { i32, ModuleBuilder, type FunctionBuilder, type I32, type Local } from '../assembler/index.ts';

/** The most bits of a digit: its counts, 8 KB, stay in the first cache. */
const DIGIT_BITS = 11;

const COUNTS_BYTES: number = 4 << DIGIT_BITS;

/**
 * Layout of a task: a row of `count` > 0 numbers, and the address of their order. `flip` is 2³¹ for signed
 * numbers, so that they compare like unsigned numbers.
 */
export const SORT = { x: 0, out: 4, count: 8, flip: 12 } as const;

/** Bytes of a `SORT`. */
export const SORT_BYTES = 16;

/** Bytes of scratch memory: the counts of a digit, and an order between two passes. */
export function sortScratchBytes(count: number): number {
  return COUNTS_BYTES + 4 * count;
}

/** The module: exports `sort(task: SORT, scratch)`. */
export function sortModule({ sharedMemory }: { readonly sharedMemory: boolean }): ModuleBuilder {
  const module = new ModuleBuilder({ sharedMemory });
  const PASS = {
    x: 'i32',
    count: 'i32',
    /** Address of the order so far, or 0 for the natural order. */
    from: 'i32',
    to: 'i32',
    counts: 'i32',
    flip: 'i32',
    /** The least number, which is subtracted from every number. */
    least: 'i32',
    shift: 'i32',
    bits: 'i32',
  } as const;
  const pass = module.define('pass', PASS, (f, p) => {
    const size = f.let('size', i32.shl(4, p.bits));
    const digitMask = f.let('digit_mask', i32.sub(size, 4));
    const end = f.let('end', i32.shl(p.count, 2));
    /** Address of the count of a number's digit. */
    const countOf = (number: I32): I32 => {
      const value = i32.shrU(i32.sub(i32.xor(number, p.flip), p.least), p.shift);
      return i32.add(p.counts, i32.and(i32.shl(value, 2), digitMask));
    };
    f.count('clear', size, 4, (at) => f.do(i32.store(i32.add(p.counts, at), 0)));
    const address = f.local('address', 'i32');
    f.count('at', end, 4, (at) => {
      f.set(address, countOf(i32.load(i32.add(p.x, at))));
      f.do(i32.store(address, i32.add(i32.load(address), 4)));
    });
    // Counts become places: the offset in bytes of the next number with each digit.
    const [total, own] = [f.let('total', 0), f.local('own', 'i32')];
    f.count('digit', size, 4, (at) => {
      f.set(address, i32.add(p.counts, at));
      f.set(own, i32.load(address));
      f.do(i32.store(address, total));
      f.advance(total, own);
    });
    const place = f.local('place', 'i32');
    const scatter = (index: I32): void => {
      f.set(place, index);
      f.set(address, countOf(i32.load(i32.add(p.x, i32.shl(place, 2)))));
      f.set(own, i32.load(address));
      f.do(i32.store(i32.add(p.to, own), place), i32.store(address, i32.add(own, 4)));
    };
    f.if(
      p.from,
      () => f.count('index', end, 4, (at) => scatter(i32.load(i32.add(p.from, at)))),
      () => f.count('index', p.count, 1, (index) => scatter(index)),
    );
  });

  const sort = module.define('sort', { task: 'i32', scratch: 'i32' }, (f, { task, scratch: counts }) => {
    const field = (name: keyof typeof SORT): Local<'i32'> => f.let(name, i32.load(task, SORT[name]));
    const [x, out, count, flip] = [field('x'), field('out'), field('count'), field('flip')];
    const { least, bits } = range(f, x, count, flip);
    const other = f.let('other', i32.add(counts, COUNTS_BYTES));
    const passes = f.let('passes', i32.divU(i32.add(bits, DIGIT_BITS - 1), DIGIT_BITS));
    f.if(i32.eqz(passes), () => f.set(passes, 1));
    const digit = f.let('digit', i32.divU(i32.sub(i32.add(bits, passes), 1), passes));
    // The last pass writes to `out`, so those before it alternate.
    const to = f.let('to', i32.select(i32.and(passes, 1), out, other));
    const [from, shift] = [f.let('from', 0), f.let('shift', 0)];
    f.count('index', passes, 1, () => {
      f.call(pass, { x, count, from, to, counts, flip, least, shift, bits: digit });
      f.set(from, to);
      f.set(to, i32.select(i32.eq(to, out), other, out));
      f.advance(shift, digit);
    });
  });
  module.export(sort);
  return module;
}

/** Emits the least of a row's numbers, and the number of bits of their distances from it. */
function range(
  f: FunctionBuilder,
  x: Local<'i32'>,
  count: Local<'i32'>,
  flip: Local<'i32'>,
): { readonly least: Local<'i32'>; readonly bits: Local<'i32'> } {
  const [least, most, number] = [f.let('least', -1), f.let('most', 0), f.local('number', 'i32')];
  f.count('at', i32.shl(count, 2), 4, (at) => {
    f.set(number, i32.xor(i32.load(i32.add(x, at)), flip));
    f.set(least, i32.select(i32.ltU(number, least), number, least));
    f.set(most, i32.select(i32.gtU(number, most), number, most));
  });
  return { least, bits: f.let('bits', i32.sub(32, i32.clz(i32.sub(most, least)))) };
}
