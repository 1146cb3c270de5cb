/** A module under construction: functions over one imported memory, as bytes and as text. */
import { leb, type ValueType } from './expression.ts';
import {
  FunctionBuilder,
  type Arguments,
  type FunctionHandle,
  type Parameters,
  type Statement,
} from './function.ts';
import { flatten } from './flatten.ts';
import { functionText } from './text.ts';

/** The most pages of 64 KiB that a memory can have: 4 GiB. */
export const MAX_PAGES = 65_536;

/** The magic number and the version. */
const PREAMBLE: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** Collects functions. Exported ones stand in `exports` in the order in which they were defined. */
export class ModuleBuilder {
  private readonly functions: FunctionBuilder[] = [];
  private readonly exported: FunctionBuilder[] = [];
  private readonly shared: boolean;

  /** @param options.sharedMemory whether the imported memory is shared between threads */
  constructor({ sharedMemory }: { readonly sharedMemory: boolean }) {
    this.shared = sharedMemory;
  }

  /** Defines a function that other functions of the module can call from now on. */
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

  /** Makes a function callable from JavaScript, by its name. */
  export({ index }: FunctionHandle<Parameters>): void {
    this.exported.push(this.functions[index]);
  }

  /** The module in the binary format. https://webassembly.github.io/spec/core/binary/modules.html */
  toBytes(): Uint8Array<ArrayBuffer> {
    const types = this.functions.map(({ parameters }) => [
      0x60,
      ...vector(parameters.map(({ type }) => [TYPES[type]])),
      0,
    ]);
    const limits = this.shared ? 3 : 1;
    const memory = [...name('env'), ...name('memory'), 2, limits, ...leb(0), ...leb(MAX_PAGES)];
    const exports = this.exported.map((f) => [...name(f.name), 0, ...leb(this.functions.indexOf(f))]);
    const names = this.functions.map((f, index) => [...leb(index), ...name(f.name)]);
    return Uint8Array.from([
      ...PREAMBLE,
      ...section(1, vector(types)),
      ...section(2, vector([memory])),
      ...section(3, vector(this.functions.map((_, index) => leb(index)))),
      ...section(7, vector(exports)),
      ...section(10, vector(this.functions.map(code))),
      // Function names, for profilers and stack traces.
      ...section(0, [...name('name'), ...section(1, vector(names))]),
    ]);
  }

  /** The module in the text format, for people. */
  toText(): string {
    const limits = `0 ${MAX_PAGES}${this.shared ? ' shared' : ''}`;
    const functions = this.functions.map((f) => functionText(f, this.exported.includes(f)));
    return `(module\n  (import "env" "memory" (memory ${limits}))\n${functions.join('\n')})\n`;
  }
}

function code(f: FunctionBuilder): number[] {
  const locals = f.locals.map(({ type }) => [1, TYPES[type]]);
  const body = [...vector(locals), ...bodyBytes(f.body), 0x0b];
  return [...leb(body.length), ...body];
}

function bodyBytes(statements: readonly Statement[]): number[] {
  return flatten(statements).flatMap(({ bytes }) => bytes);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...leb(items.length), ...items.flat()];
}

function name(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...leb(bytes.length), ...bytes];
}
