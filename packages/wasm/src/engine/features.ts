/** What the engine at hand can run, asked of the engine itself: a module either validates or it does not. */
import { f32x4, ModuleBuilder, type V128 } from '../assembler/index.ts';
import { v128 } from '../assembler/index.ts';

/** What was found. */
export interface Features {
  /** 128-bit SIMD, WebAssembly 2.0. */
  readonly simd: boolean;
  /** Fused multiply–add. https://github.com/WebAssembly/relaxed-simd */
  readonly relaxed: boolean;
  /** Why there is no memory that threads share, and what would help; undefined where there is. */
  readonly cannotShare: string | undefined;
}

let found: Features | undefined;

/** Asked once. */
export function features(): Features {
  found ??= {
    simd: validates((x) => f32x4.add(x, x)),
    relaxed: validates((x) => f32x4.relaxedMadd(x, x, x)),
    cannotShare: whyNotShared(),
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
