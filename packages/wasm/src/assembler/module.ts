/** A module under construction: functions over one imported memory, as bytes and as text. */
import { ByteWriter } from './byte-writer.ts';
import { eachInstruction } from './each-instruction.ts';
import type { ValueType } from './expression.ts';
import { FunctionBuilder, type Arguments, type FunctionHandle, type Parameters } from './function.ts';
import { functionText } from './text.ts';

/** The largest number of pages of 64 KiB that a memory can have: 4 GiB. */
export const MAX_PAGES = 65_536;

/** The magic number and the version. */
const PREAMBLE: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/**
 * Collects functions. The exports of an instance have the order in which they were exported here.
 *
 * @example
 * ```ts
 * import { f32x4, ModuleBuilder, v128 } from '@attn/wasm/assembler';
 *
 * const module = new ModuleBuilder({ sharedMemory: false });
 * const double = module.define('double', { address: 'i32' }, (f, { address }) => {
 *   f.do(v128.store(address, f32x4.mul(v128.load(address), f32x4.all(2))));
 * });
 * module.export(double);
 * const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 });
 * new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env: { memory } });
 * ```
 */
export class ModuleBuilder {
  private readonly functions: FunctionBuilder[] = [];
  private readonly exported: FunctionBuilder[] = [];
  private readonly shared: boolean;

  /** @param options.sharedMemory whether the imported memory is shared between threads */
  constructor({ sharedMemory }: { readonly sharedMemory: boolean }) {
    this.shared = sharedMemory;
  }

  /** Defines a function. Functions that are defined later can call it. */
  define<P extends Parameters>(
    name: string,
    parameters: P,
    body: (f: FunctionBuilder, args: Arguments<P>) => void,
  ): FunctionHandle<P> {
    const f = new FunctionBuilder(name, parameters);
    const args = Object.fromEntries(f.parameters.map((parameter) => [parameter.name, parameter]));
    body(f, args as Arguments<P>);
    this.functions.push(f);
    return { name, index: this.functions.length - 1, parameters };
  }

  /** Exports a function to JavaScript, by its name. */
  export({ index }: FunctionHandle<Parameters>): void {
    this.exported.push(this.functions[index]);
  }

  /** The module in the binary format. https://webassembly.github.io/spec/core/binary/modules.html */
  toBytes(): ReturnType<typeof Uint8Array.of> {
    const module = new ByteWriter();
    module.write(PREAMBLE);
    module.writeSection(1, (types) =>
      types.writeVector(this.functions, ({ parameters }) => {
        types.write([0x60]);
        types.writeVector(parameters, ({ type }) => types.write([TYPES[type]]));
        types.write([0]);
      }),
    );
    module.writeSection(2, (imports) =>
      imports.writeVector(['memory'], (memory) => {
        imports.writeName('env');
        imports.writeName(memory);
        imports.write([2, this.shared ? 3 : 1, 0]);
        imports.writeLeb(MAX_PAGES);
      }),
    );
    module.writeSection(3, (types) => types.writeVector(this.functions, (_, index) => types.writeLeb(index)));
    module.writeSection(7, (exports) =>
      exports.writeVector(this.exported, (f) => {
        exports.writeName(f.name);
        exports.write([0]);
        exports.writeLeb(this.functions.indexOf(f));
      }),
    );
    module.writeSection(10, (codes) => codes.writeVector(this.functions, (f) => writeCode(f, codes)));
    // Function names, for profilers and stack traces.
    module.writeSection(0, (custom) => {
      custom.writeName('name');
      custom.writeSection(1, (names) =>
        names.writeVector(this.functions, (f, index) => {
          names.writeLeb(index);
          names.writeName(f.name);
        }),
      );
    });
    return module.bytes.slice();
  }

  /** The module in the text format, for people. */
  toText(): string {
    const limits = `0 ${MAX_PAGES}${this.shared ? ' shared' : ''}`;
    const functions = this.functions.map((f) => functionText(f, { isExported: this.exported.includes(f) }));
    return `(module\n  (import "env" "memory" (memory ${limits}))\n${functions.join('\n')})\n`;
  }
}

function writeCode(f: FunctionBuilder, codes: ByteWriter): void {
  codes.writeSized((code) => {
    code.writeVector(f.locals, ({ type }) => code.write([1, TYPES[type]]));
    eachInstruction(f.body, ({ bytes }) => code.write(bytes));
    code.write([0x0b]);
  });
}
