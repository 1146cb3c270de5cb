/** What the engine at hand can run, asked of the engine itself: a module either validates or it does not. */
import { f32x4, ModuleBuilder, type V128 } from '../assembler/index.ts';
import { v128 } from '../assembler/index.ts';

/** What was found. */
export interface Features {
  /** 128-bit SIMD, WebAssembly 2.0. */
  readonly simd: boolean;
  /** Fused multiply–add. https://github.com/WebAssembly/relaxed-simd */
  readonly relaxed: boolean;
  /** Memory that threads share: the type exists, and this page or process may use it. */
  readonly sharedMemory: boolean;
}

let found: Features | undefined;

/** Asked once. */
export function features(): Features {
  found ??= {
    simd: validates((x) => f32x4.add(x, x)),
    relaxed: validates((x) => f32x4.relaxedMadd(x, x, x)),
    sharedMemory: canShare(),
  };
  return found;
}

function validates(use: (x: V128) => V128): boolean {
  if (typeof WebAssembly !== 'object') return false;
  const module = new ModuleBuilder({ sharedMemory: false });
  module.define('test', { address: 'i32' }, (f, { address }) => {
    f.do(v128.store(address, use(v128.load(address))));
  });
  return WebAssembly.validate(module.toBytes());
}

/** In a page, only a cross-origin isolated one may share memory. */
function canShare(): boolean {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  if (typeof SharedArrayBuffer === 'undefined' || crossOriginIsolated === false) return false;
  try {
    return (
      new WebAssembly.Memory({ initial: 0, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer
    );
  } catch {
    return false;
  }
}
