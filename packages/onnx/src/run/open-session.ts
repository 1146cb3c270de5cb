/**
 * From a finished model to a session, and how its weights get there: mapped from the files where they lie, as files in memory, or in the
 * model itself.
 */
import { onHostTimers } from '@attn/core/backend';
import { encodeModel } from '../model/encode.ts';
import type { Initializer, ModelBuilder } from '../model/model-builder.ts';
import { compileError } from './errors.ts';
import type { OrtSession, Runtime } from './runtime.ts';

/**
 * With more weights than this a session does without ONNX Runtime's memory pattern: one block for all intermediates, which it allocates beside
 * the memory that the first run used.
 */
const HEAVY_BYTES = 256 * 2 ** 20;

/** Most bytes of weights that a model holds itself when the others stay in their files. */
const MOST_INSIDE = 64 * 2 ** 20;

/** Opens it. Errors: `COMPILE_FAILED` and its like; what `FileSpan.verify` throws for a file that has changed. */
export async function openSession(
  { ort, takesWeights }: Runtime,
  builder: ModelBuilder,
  sessionOptions: Runtime['sessionOptions'],
): Promise<OrtSession> {
  const initializers = [...builder.initializers.values()];
  const filesOf = takesWeights ? folderOf(initializers) : undefined;
  const eachApart = takesWeights && filesOf === undefined;
  const { model, weights } = encodeModel(builder, 'attn', { eachApart, filesOf });
  const weightBytes = initializers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const options = {
    ...(weightBytes > HEAVY_BYTES && { enableMemPattern: false }),
    ...sessionOptions,
    ...(weights.length > 0 && { externalData: weights }),
    ...(filesOf !== undefined && { extra: withFolder(sessionOptions.extra, filesOf) }),
  };
  // What is mapped is not read here: that it is still what was opened must be seen before and after.
  verify(initializers, filesOf);
  let session;
  try {
    session = await onHostTimers(() => ort.InferenceSession.create(model, options));
  } catch (cause) {
    throw compileError(cause);
  }
  try {
    verify(initializers, filesOf);
  } catch (error) {
    await session.release();
    throw error;
  }
  return session;
}

/**
 * The folder in whose files the weights lie. A session takes weights from files or from memory, not from both: where too many lie elsewhere,
 * from memory.
 */
function folderOf(initializers: readonly Initializer[]): string | undefined {
  const folder = initializers.find(({ file }) => file !== undefined)?.file?.folder;
  let elsewhere = 0;
  for (const { file, byteLength } of initializers) if (file?.folder !== folder) elsewhere += byteLength;
  return elsewhere <= MOST_INSIDE ? folder : undefined;
}

/** Throws unless all files in the folder are what they were. */
function verify(initializers: readonly Initializer[], folder: string | undefined): void {
  if (folder === undefined) return;
  const checks = new Set(initializers.map(({ file }) => (file?.folder === folder ? file.verify : undefined)));
  for (const check of checks) check?.();
}

/** ONNX Runtime's further options with the folder that a model's files are in, which a model from memory has none of. */
function withFolder(extra: unknown, folder: string): object {
  const given = (extra ?? {}) as { readonly session?: object };
  return {
    ...given,
    session: { ...given.session, model_external_initializers_file_folder_path: folder },
  };
}
