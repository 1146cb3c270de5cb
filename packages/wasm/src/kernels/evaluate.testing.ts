/** Runs functions of vectors on numbers, for tests. */
import { i32, ModuleBuilder, v128, type FunctionBuilder } from '../assembler/index.ts';
import type { InPlace } from './vector-math.ts';

/** Applies a function to numbers, four at a time. */
export function evaluate(make: (f: FunctionBuilder) => InPlace, inputs: readonly number[]): Float32Array {
  const module = new ModuleBuilder({ sharedMemory: false });
  const run = module.define('run', { bytes: 'i32' }, (f, { bytes }) => {
    const apply = make(f);
    const x = f.local('x', 'v128');
    f.count('at', bytes, 16, (at) => {
      f.set(x, v128.load(at));
      apply(x);
      f.do(v128.store(i32.add(at, 0), x));
    });
  });
  module.export(run);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env: { memory } });
  new Float32Array(memory.buffer).set(inputs);
  (instance.exports.run as (bytes: number) => void)(16 * Math.ceil(inputs.length / 4));
  return new Float32Array(memory.buffer, 0, inputs.length).slice();
}

/** f32 numbers from low to high, evenly spaced. */
export function sweep(low: number, high: number, count = 40_000): number[] {
  return Array.from({ length: count }, (_, i) => Math.fround(low + ((high - low) * i) / (count - 1)));
}
