/**
 * Creates a session from a finished model. Weights reach it in one of three ways: mapped from the
 * checkpoint's own files, as files in memory, or inside the model.
 */
import { onHostTimers } from '@attn/core/backend';
import { encodeModel } from '../model/encode.ts';
import type { Initializer, OnnxModelBuilder } from '../model/onnx-model-builder.ts';
import { compileError } from './errors.ts';
import type { OrtSession, Runtime } from './runtime.ts';

/**
 * Above this size of weights, a session does without ONNX Runtime's memory pattern. The pattern allocates one
 * block for all intermediates beside the memory of the first run, and so needs more memory.
 */
const HEAVY_BYTES = 256 * 2 ** 20;

/** Most bytes of weights inside a model whose other weights stay in their files. */
const MOST_EMBEDDED = 64 * 2 ** 20;

/**
 * Opens a session for a model. Errors: `COMPILE_FAILED`, `OUT_OF_MEMORY`, and those of `FileSpan.verify` for
 * a file that has changed.
 */
export async function openSession(
  { ort, acceptsExternalWeights }: Runtime,
  builder: OnnxModelBuilder,
  sessionOptions: Runtime['sessionOptions'],
): Promise<OrtSession> {
  const initializers = [...builder.initializers.values()];
  const weightFolder = acceptsExternalWeights ? commonFolder(initializers) : undefined;
  const separateWeights = acceptsExternalWeights && weightFolder === undefined;
  const { model, weights } = encodeModel(builder, 'attn', { separateWeights, weightFolder });
  const weightBytes = initializers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const options = {
    ...(weightBytes > HEAVY_BYTES && { enableMemPattern: false }),
    ...sessionOptions,
    ...(weights.length > 0 && { externalData: weights }),
    ...(weightFolder !== undefined && { extra: withFolder(sessionOptions.extra, weightFolder) }),
  };
  // The session maps files without reading them here. They must be unchanged both before and after it opens.
  verify(initializers, weightFolder);
  let session;
  try {
    session = await onHostTimers(() => ort.InferenceSession.create(model, options));
  } catch (cause) {
    throw compileError(cause);
  }
  try {
    verify(initializers, weightFolder);
  } catch (error) {
    await session.release();
    throw error;
  }
  return session;
}

/**
 * The folder whose files hold the weights. A session reads weights from files or from memory, not from both:
 * undefined where too many weights are elsewhere, so that all come from memory.
 */
function commonFolder(initializers: readonly Initializer[]): string | undefined {
  const folder = initializers.find(({ file }) => file !== undefined)?.file?.folder;
  let elsewhere = 0;
  for (const { file, byteLength } of initializers) if (file?.folder !== folder) elsewhere += byteLength;
  return elsewhere <= MOST_EMBEDDED ? folder : undefined;
}

/** Throws when a file of the folder has changed since the checkpoint was opened. */
function verify(initializers: readonly Initializer[], folder: string | undefined): void {
  if (folder === undefined) return;
  const checks = new Set(initializers.map(({ file }) => (file?.folder === folder ? file.verify : undefined)));
  for (const check of checks) check?.();
}

/**
 * Adds the folder of the weight files to the session option `extra`. A model in memory has no folder of its
 * own.
 */
function withFolder(extra: unknown, folder: string): object {
  const extraOptions = (extra ?? {}) as { readonly session?: object };
  return {
    ...extraOptions,
    session: { ...extraOptions.session, model_external_initializers_file_folder_path: folder },
  };
}
