/** Which features of WebAssembly this engine has. A small module for each either validates or does not. */
import { f32x4, ModuleBuilder, v128, type V128 } from '../assembler/index.ts';

/** The features of an engine. */
export interface Features {
  /** 128-bit SIMD, WebAssembly 2.0. */
  readonly simd: boolean;
  /** Relaxed SIMD, which has a multiply–add. https://github.com/WebAssembly/relaxed-simd */
  readonly relaxed: boolean;
  /**
   * Whether the multiply–add rounds once, which is optional: JavaScriptCore's rounds twice, and so does V8's
   * on processors without such an instruction.
   */
  readonly fuses: boolean;
  /** Why no module may be compiled, such as the policy of a page; undefined where it may. */
  readonly cannotCompile: string | undefined;
  /** Why threads cannot share memory, and what helps; undefined where they can. */
  readonly cannotShare: string | undefined;
}

let detected: Features | undefined;

/** The features of this engine, detected once. */
export function features(): Features {
  detected ??= detect();
  return detected;
}

function detect(): Features {
  const madd = moduleOf((x) => f32x4.relaxedMadd(x, x, f32x4.all(-SQUARE)));
  const relaxed = validates(madd);
  const add = moduleOf((x) => f32x4.add(x, x));
  const simd = validates(add);
  const cannotCompile = simd ? whyNotCompiled(add) : undefined;
  return {
    simd,
    relaxed,
    fuses: relaxed && cannotCompile === undefined && fuses(madd),
    cannotCompile,
    cannotShare: whyNotShared(),
  };
}

/** A number whose exact square exceeds `SQUARE`, the square as a float, by 2⁻²⁴. */
const NUMBER = 1 + 2 ** -12;
const SQUARE = 1 + 2 ** -11;

/** A module that replaces one vector in memory by a function of it. */
function moduleOf(use: (x: V128) => V128): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ sharedMemory: false });
  const test = module.define('test', { address: 'i32' }, (f, { address }) => {
    f.do(v128.store(address, use(v128.load(address))));
  });
  module.export(test);
  return module.toBytes();
}

function validates(bytes: Uint8Array<ArrayBuffer>): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(bytes);
}

function whyNotCompiled(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    new WebAssembly.Module(bytes);
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  }
}

/** Whether NUMBER · NUMBER − SQUARE is 2⁻²⁴. A product that is rounded before the subtraction gives 0. */
function fuses(madd: Uint8Array<ArrayBuffer>): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const vector = new Float32Array(memory.buffer, 0, 4).fill(NUMBER);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(madd), { env: { memory } });
  (exports.test as (address: number) => void)(0);
  return vector.every((lane) => lane === 2 ** -24);
}

/**
 * Why memory cannot be shared; undefined where it can. Of pages, only cross-origin isolated ones
 * may share it.
 */
function whyNotShared(): string | undefined {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  if (crossOriginIsolated === false) {
    return (
      'this page is not cross-origin isolated; it has to be served with the headers ' +
      'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp'
    );
  }
  if (typeof SharedArrayBuffer === 'undefined') return 'this host has no SharedArrayBuffer';
  try {
    const { buffer } = new WebAssembly.Memory({ initial: 0, maximum: 1, shared: true });
    return buffer instanceof SharedArrayBuffer ? undefined : 'this engine has no shared WebAssembly memory';
  } catch {
    return 'this engine has no shared WebAssembly memory';
  }
}
