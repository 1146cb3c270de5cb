/** Modules of the assembler are valid, compute, and read well as text. */
import { describe, expect, test } from 'vitest';
import { f32, f32x4, i32, i32x4, ModuleBuilder, v128, type FunctionBuilder, type Local } from './index.ts';

/** A module with the exported function `run(address, count)`, instantiated over new memory. */
function build(body: (f: FunctionBuilder, address: Local<'i32'>, count: Local<'i32'>) => void) {
  const module = new ModuleBuilder({ sharedMemory: false });
  const half = module.define('half', { at: 'i32' }, (f, { at }) =>
    f.do(f32.store(at, f32.mul(f32.load(at), 0.5))),
  );
  const run = module.define('run', { address: 'i32', count: 'i32' }, (f, { address, count }) => {
    body(f, address, count);
    f.if(i32.gtU(count, 4), () => f.call(half, { at: address }));
  });
  module.export(run);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env: { memory } });
  const kernel = instance.exports.run as (address: number, count: number) => void;
  return { module, kernel, floats: new Float32Array(memory.buffer), words: new Int32Array(memory.buffer) };
}

describe('the assembler', () => {
  test('emits loops, conditions and calls that compute', () => {
    const { kernel, floats } = build((f, address, count) => {
      f.count('at', i32.shl(count, 2), 16, (at) => {
        const to = f.let('to', i32.add(address, at));
        f.do(v128.store(to, f32x4.add(v128.load(to), f32x4.all(1))));
      });
    });
    kernel(0, 4);
    expect([...floats.subarray(0, 5)]).toEqual([1, 1, 1, 1, 0]);
    kernel(0, 8);
    expect([...floats.subarray(0, 9)]).toEqual([1, 2, 2, 2, 1, 1, 1, 1, 0]);
  });

  test('writes text to read', () => {
    const { module } = build((f, address, count) => {
      f.count('at', count, 16, (at) => f.do(v128.store(i32.add(address, at), f32x4.all(0.5), 32)));
    });
    expect(module.toText()).toMatchInlineSnapshot(`
      "(module
        (import "env" "memory" (memory 0 65536))
        (func $half (param $at i32)
          local.get $at
          local.get $at
          f32.load
          f32.const 0.5
          f32.mul
          f32.store)
        (func $run (export "run") (param $address i32) (param $count i32)
          (local $at i32)
          i32.const 0
          local.set $at
          local.get $at
          local.get $count
          i32.lt_u
          if
            loop
              local.get $address
              local.get $at
              i32.add
              v128.const f32x4 0.5 0.5 0.5 0.5
              v128.store offset=32
              local.get $at
              i32.const 16
              i32.add
              local.set $at
              local.get $at
              local.get $count
              i32.lt_u
              br_if 0
            end
          end
          local.get $count
          i32.const 4
          i32.gt_u
          if
            local.get $address
            call $half
          end))
      "
    `);
  });

  test('spells constants exactly', () => {
    const integers = [0, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31), 0xffff_ffff];
    const floats = [0, -0, 1.5, Infinity, -Infinity, NaN, 1e-45, Math.PI];
    const built = build((f, address) => {
      integers.forEach((value, i) => f.do(i32.store(address, value, 4 * i)));
      floats.forEach((value, i) => f.do(f32.store(address, value, 64 + 4 * i)));
      f.do(v128.store(address, i32x4.const(1, -2, 3, -(2 ** 31)), 128));
    });
    built.kernel(0, 0);
    expect([...built.words.subarray(0, integers.length)]).toEqual(integers.map((value) => value | 0));
    expect([...built.floats.subarray(16, 16 + floats.length)]).toEqual(floats.map(Math.fround));
    expect([...built.words.subarray(32, 36)]).toEqual([1, -2, 3, -(2 ** 31)]);
  });

  test('tells variables of one name apart', () => {
    const { module } = build((f) => {
      f.let('x', 1);
      f.let('x', 2);
    });
    expect(module.toText()).toContain('(local $x i32)\n    (local $x_2 i32)');
  });
});
