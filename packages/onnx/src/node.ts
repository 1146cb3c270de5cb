/** @attn/onnx/node: the backend on onnxruntime-node. */
import { availableParallelism } from 'node:os';
import { AttnError, type Backend } from '@attn/core';
import { checkOptions } from '@attn/core/backend';
import { ONNX_OPTIONS, onnxBackend, providerName, type OnnxOptions } from './run/backend.ts';
import { loadError, ortFrom } from './run/load.ts';
import type { OrtModule, Runtime } from './run/runtime.ts';
import { spillWeights } from './run/spill-weights.ts';

export type { OnnxOptions };

/**
 * Creates the backend on `onnxruntime-node`, which must be installed beside this package; where it is
 * missing, `probe` says so. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * import { createAttn } from '@attn/core';
 * import { onnx } from '@attn/onnx/node';
 *
 * const attn = await createAttn({ backends: [onnx({ executionProviders: ['cuda', 'cpu'] })] });
 */
export function onnx(options: OnnxOptions = {}): Backend {
  const checked = checkOptions('onnx', options, ONNX_OPTIONS);
  return onnxBackend(() => loadRuntime(checked), checked);
}

/** The first version known to read weights from memory, and from files that other programs wrote. */
const FIRST_WITH_EXTERNAL_WEIGHTS = [1, 30] as const;

async function loadRuntime({
  threads = availableParallelism(),
  executionProviders = ['cpu'],
  sessionOptions,
}: OnnxOptions): Promise<Runtime> {
  if (typeof process === 'undefined') {
    throw new AttnError(
      'BACKEND_UNAVAILABLE',
      'onnx/probe',
      'onnxruntime-node runs in Node only; import @attn/onnx/web in browsers',
    );
  }
  const ort = await importOrt();
  return {
    ort,
    title: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common ?? ''}`.trim(),
    threads,
    providers: executionProviders.map(providerName),
    supported: ort.listSupportedBackends?.().map(({ name }) => name),
    transfersInputs: false,
    sharesThreads: false,
    acceptsExternalWeights: isAtLeast(
      ort.env.versions.node ?? ort.env.versions.common,
      FIRST_WITH_EXTERNAL_WEIGHTS,
    ),
    spillWeights,
    readsRowsInPlace: process.arch === 'x64',
    fusedDense: true,
    sessionOptions: {
      executionProviders: [...executionProviders],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      ...sessionOptions,
    },
  };
}

/**
 * Imports the runtime. The literal `import()` stands inside a `try` of the same function: only then do
 * bundlers accept that the optional peer is missing. Errors: `BACKEND_UNAVAILABLE`.
 */
async function importOrt(): Promise<OrtModule> {
  try {
    return ortFrom(await import('onnxruntime-node'));
  } catch (cause) {
    throw loadError('onnxruntime-node', cause);
  }
}

function isAtLeast(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = (version ?? '').split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
